"""EASE: the item-to-item weights of least squares without self-similarity, in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.ranking import RowRanker, read_csr, register_csr
from muso_exp.options import Count, Inert, Positive
from muso_exp.records import Batch


class EASE(RowRanker):
    """Scores X B, where B minimises |X - X B|^2 + regularization |B|^2 with a zero diagonal.

    With P = (X'X + regularization I)^-1, B = I - P / diag(P) by columns. Where users are fewer than
    items, X P = (X X' + regularization I)^-1 X gives the same scores from a users x users inverse;
    so the memory goes with the square of the smaller side.

    Learned state: the inverse, the diagonal of P, and X as the parts of a CSR, in buffers.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        regularization: weight of the squared item-to-item weights.
        max_gib: memory that the solve may take, in GiB.
        n_top: length of the recommended lists.

    Raises:
        ConfigError: the solve would take more memory; `regularization` is not > 0.

    Source: Steck, WWW 2019; X is 1 where there are plays. Deviation: the users' side (dual) form.
    """

    inverse: Tensor
    diagonal: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Sequence[Count] = (10, 100, 500),
        regularization: Positive = 250.0,
        max_gib: Inert[Positive] = 8.0,
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        if regularization <= 0:
            raise ConfigError(f"model.regularization must be > 0, got {regularization}")
        _check_memory(n_users, n_items, max_gib)
        self.save_hyperparameters(logger=False)
        self.regularization = regularization
        self.dual = n_users < n_items
        self.register_buffer("inverse", torch.zeros(0, 0))
        self.register_buffer("diagonal", torch.ones(n_items))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Invert the smaller Gram matrix."""
        heard = (self.plays(batch) > 0).astype(np.float64)
        gram = (heard @ heard.T if self.dual else heard.T @ heard).toarray()
        gram[np.diag_indices_from(gram)] += self.regularization
        factor = cho_factor(gram, overwrite_a=True, check_finite=False)
        inverse = cho_solve(factor, np.eye(len(gram)), overwrite_b=True, check_finite=False)
        diagonal = np.diag(inverse)
        if self.dual:
            explained = heard.multiply(inverse @ heard).sum(axis=0)  # x' M x of each column x
            diagonal = (1 - np.asarray(explained).ravel()) / self.regularization
        self.register_buffer("inverse", torch.from_numpy(inverse).float())
        self.register_buffer("diagonal", torch.from_numpy(diagonal.copy()).float())
        register_csr(self, "known", heard.astype(np.float32))

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return X B for train users, shape (B, n_items)."""
        if not self.dual:
            return super().score_block(users)
        rows, known = users.cpu().numpy(), read_csr(self, "known", self.n_items)
        product = self.inverse.cpu().numpy()[rows] @ known  # X P without the way through X X'
        return self._without_self(known[rows], product).to(users.device)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return x B for rows of plays x, 1 where there are any, shape (B, n_items).

        From the users' side x P = (x - x X' (X X' + regularization I)^-1 X) / regularization.
        """
        heard = (rows > 0).astype(np.float32)
        inverse = self.inverse.cpu().numpy()
        if not self.dual:
            return self._without_self(heard, heard @ inverse)
        known = read_csr(self, "known", self.n_items)
        explained = (heard @ known.T) @ inverse @ known  # (B, n_items)
        return self._without_self(heard, (heard.toarray() - explained) / self.regularization)

    def _without_self(self, heard: csr_matrix, product: np.ndarray) -> Tensor:
        """Return x - (x P) / diag(P), of x (B, n_items) and x P, same shape."""
        return torch.from_numpy(heard.toarray() - product / self.diagonal.cpu().numpy())


def _check_memory(n_users: int, n_items: int, max_gib: float) -> None:
    """Refuse a solve that would not fit: Gram matrix, inverse, identity, product; float64."""
    n = min(n_users, n_items)
    product = n_users * n_items if n_users < n_items else 0
    needed = 8 * (3 * n**2 + product) / 2**30
    if needed > max_gib:
        raise ConfigError(
            f"EASE would take {needed:.1f} GiB for {n_users} users x {n_items} items, more than "
            f"model.max_gib={max_gib:g}; raise that, or keep fewer users or items"
        )
