"""EASE: the item-to-item weights of least squares without self-similarity, in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.ease import EaseSolution, solve_ease
from muso_exp.models.ranking import RowRanker, read_csr, register_csr
from muso_exp.options import Count, Inert, Positive
from muso_exp.records import Batch


class EASE(RowRanker):
    """Scores by `muso_exp.features.ease`; the memory goes with the square of the smaller side.

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
        self.register_buffer("inverse", torch.zeros(0, 0))
        self.register_buffer("diagonal", torch.ones(n_items))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Invert the smaller Gram matrix."""
        solution = solve_ease(self.plays(batch), self.regularization)
        self.register_buffer("inverse", torch.from_numpy(solution.inverse))
        self.register_buffer("diagonal", torch.from_numpy(solution.diagonal))
        register_csr(self, "known", solution.known)

    @property
    def solution(self) -> EaseSolution:
        """The solution as the buffers keep it."""
        inverse, diagonal = self.inverse.cpu().numpy(), self.diagonal.cpu().numpy()
        known = read_csr(self, "known", self.n_items)
        return EaseSolution(inverse, diagonal, known, self.regularization)

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return X B for train users, shape (B, n_items)."""
        scores = self.solution.of_users(users.cpu().numpy())
        return torch.from_numpy(scores).to(users.device)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return x B for rows of plays x, 1 where there are any, shape (B, n_items)."""
        return torch.from_numpy(self.solution.of_rows(rows))


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
