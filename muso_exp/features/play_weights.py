"""What a play count weighs where users or items are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

Weighting = Literal["binary", "log", "relative_log"]


@dataclass(frozen=True)
class PlayWeights:
    """What a play count becomes before items are compared.

    Attributes:
        weighting: `binary` 1; `log` ln(1 + r); `relative_log` that over its mean of the row, so
            that a user's favourites count more and all users alike.
        item_scale: what each item's weight is multiplied by, shape (n_items,), float32.
    """

    weighting: Weighting
    item_scale: np.ndarray

    @classmethod
    def of(cls, plays: csr_matrix, weighting: Weighting, popularity_exponent: float) -> PlayWeights:
        """Divide items by their number of users to a power; the mean square of all becomes 1.

        Args:
            plays: of training, shape (n_users, n_items).
            weighting: see the attribute.
            popularity_exponent: the power; 0 leaves popular items as heavy as others.
        """
        users = np.maximum(np.bincount(plays.indices, minlength=plays.shape[1]), 1)
        raw = cls(weighting, (users**-popularity_exponent).astype(np.float32))
        mean_square = np.mean(raw.weigh(plays).data.astype(np.float64) ** 2)
        return cls(weighting, raw.item_scale / np.float32(np.sqrt(mean_square)))

    def weigh(self, rows: csr_matrix) -> csr_matrix:
        """Return the weights of rows of plays (n_rows, n_items), float32, same shape."""
        if self.weighting == "binary":
            weights = np.ones(rows.nnz)
        else:
            weights = np.log1p(rows.data.astype(np.float64))
        if self.weighting == "relative_log":
            lengths = np.diff(rows.indptr)
            row = np.repeat(np.arange(len(lengths)), lengths)
            weights /= (np.bincount(row, weights, len(lengths)) / np.maximum(lengths, 1))[row]
        scaled = (weights * self.item_scale[rows.indices]).astype(np.float32)
        return csr_matrix((scaled, rows.indices, rows.indptr), shape=rows.shape)
