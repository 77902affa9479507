"""How much of what somebody plays has which tag, and how much that is for the average listener."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags_array

N_TAGS = 300  # of the most heard ones that a run keeps


@dataclass(frozen=True)
class TagShares:
    """The tags of items, each item's as shares, and what the average listener hears of them.

    Attributes:
        names: of the tags, n_tags of them, the most heard first.
        weights: share of each tag in all tags of an item, shape (n_items, n_tags); a row without
            tags is empty, one with rarer tags, which are left out, sums to less than 1.
        average: mean over the listeners of training of `shares`, shape (n_tags,).
        tagged: which items have any tag, shape (n_items,), bool.
    """

    names: list[str]
    weights: csr_matrix
    average: np.ndarray
    tagged: np.ndarray

    @classmethod
    def of(cls, weights: csr_matrix, names: Sequence[str], plays: csr_matrix) -> TagShares:
        """Return the tags that the listeners of training hear most.

        Args:
            weights: how strongly each tag was given, shape (n_items, n_tags).
            names: of the tags.
            plays: of training, shape (n_listeners, n_items).
        """
        totals = np.asarray(weights.sum(axis=1)).ravel()
        every = csr_matrix(diags_array(1 / np.where(totals > 0, totals, 1)) @ weights)
        tagged = totals > 0
        average = _mean_share(plays, tagged) @ every
        kept = np.argsort(-average, kind="stable")[:N_TAGS]
        kept = kept[average[kept] > 0]
        return cls([names[tag] for tag in kept], csr_matrix(every[:, kept]), average[kept], tagged)

    def shares(self, plays: csr_matrix) -> np.ndarray:
        """Return which share of their tagged plays each row hears of each tag, (n_rows, n_tags).

        A play counts for each tag of its item by its share there. A row without tagged plays is 0.

        Args:
            plays: shape (n_rows, n_items).
        """
        return (_among(plays, self.tagged) @ self.weights).toarray()

    def state(self) -> dict[str, Any]:
        """Return plain values and tensors, from which `from_state` makes the tags again."""
        arrays = {
            **{"crow": self.weights.indptr, "col": self.weights.indices},
            **{"values": self.weights.data, "average": self.average, "tagged": self.tagged},
        }
        return {"names": self.names, **{name: torch.from_numpy(a) for name, a in arrays.items()}}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TagShares:
        """Return the tags that `state` was made from."""
        crow, col, values, average, tagged = (
            np.asarray(state[name]) for name in ("crow", "col", "values", "average", "tagged")
        )
        names = list(state["names"])
        weights = csr_matrix((values, col, crow), shape=(len(crow) - 1, len(names)))
        return cls(names, weights, average, tagged)


def _among(plays: csr_matrix, tagged: np.ndarray) -> csr_matrix:
    """Return the plays of tagged items as shares of each row, shape kept."""
    kept = csr_matrix(plays @ diags_array(tagged.astype(np.float64)))
    totals = np.asarray(kept.sum(axis=1)).ravel()
    return csr_matrix(diags_array(1 / np.where(totals > 0, totals, 1)) @ kept)


def _mean_share(plays: csr_matrix, tagged: np.ndarray) -> np.ndarray:
    """Return the mean over the rows that have tagged plays of their shares, shape (n_items,)."""
    shares = _among(plays, tagged)
    n_rows = max(int((np.asarray(shares.sum(axis=1)).ravel() > 0).sum()), 1)
    return np.asarray(shares.sum(axis=0)).ravel() / n_rows
