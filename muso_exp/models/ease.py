"""EASE: the item-to-item weights of least squares without self-similarity, in closed form."""

from __future__ import annotations

from typing import Any

import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.ease import (
    EaseSolution,
    Precision,
    ease_memory,
    solve_ease,
)
from muso_exp.features.play_weights import PlayWeights, Weighting
from muso_exp.memory import require_memory
from muso_exp.models.ranking import RowRanker, read_csr, register_csr
from muso_exp.options import Count, Cutoffs, Inert, NotNegative, Positive
from muso_exp.records import Batch


class EASE(RowRanker):
    """Scores by `muso_exp.features.ease`; the memory goes with the square of the smaller side.

    Learned state: the inverse, the diagonal of P, what items are multiplied by, and X as the parts
    of a CSR, in buffers.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        regularization: weight of the squared item-to-item weights; those of plays have a mean
            square of 1.
        weighting: what a play count becomes: `binary` 1, `log` ln(1 + r), or `relative_log`, that
            over its mean of the user.
        popularity_exponent: items are divided by their number of users to this power; 0 leaves
            them, as published.
        precision: bits of a number while solving; 32 takes a third of the memory.
        max_gib: memory that the solve may take, in GiB.
        n_top: length of the recommended lists.

    Raises:
        ConfigError: the solve would take more memory; `regularization` is not > 0.

    Source: Steck, WWW 2019; X is 1 where there are plays. Deviation: the users' side (dual) form;
    `weighting` and `popularity_exponent` other than the defaults are ours.
    """

    inverse: Tensor
    diagonal: Tensor
    item_scale: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        regularization: Positive = 250.0,
        weighting: Weighting = "binary",
        popularity_exponent: NotNegative = 0.0,
        precision: Precision = 64,
        max_gib: Inert[Positive] = 8.0,
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        if regularization <= 0:
            raise ConfigError(f"model.regularization must be > 0, got {regularization}")
        _check_memory(n_users, n_items, precision, max_gib)
        self.save_hyperparameters(logger=False)
        self.regularization, self.weighting = regularization, weighting
        self.popularity_exponent, self.precision_of_solve = popularity_exponent, precision
        self.register_buffer("inverse", torch.zeros(0, 0))
        self.register_buffer("diagonal", torch.ones(n_items))
        self.register_buffer("item_scale", torch.ones(n_items))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Invert the smaller Gram matrix."""
        how = self.weighting, self.popularity_exponent, self.precision_of_solve
        try:
            solution = solve_ease(self.plays(batch), self.regularization, *how)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        self.register_buffer("inverse", torch.from_numpy(solution.inverse))
        self.register_buffer("diagonal", torch.from_numpy(solution.diagonal))
        self.register_buffer("item_scale", torch.from_numpy(solution.weights.item_scale))
        register_csr(self, "known", solution.known)

    @property
    def solution(self) -> EaseSolution:
        """The solution as the buffers keep it."""
        inverse, diagonal = self.inverse.cpu().numpy(), self.diagonal.cpu().numpy()
        known = read_csr(self, "known", self.n_items)
        weights = PlayWeights(self.weighting, self.item_scale.cpu().numpy())
        return EaseSolution(inverse, diagonal, known, self.regularization, weights)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up what was learned; earlier versions did not scale items."""
        checkpoint["state_dict"].setdefault("item_scale", torch.ones(self.n_items))
        super().on_load_checkpoint(checkpoint)

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return X B for train users, shape (B, n_items)."""
        scores = self.solution.of_users(users.cpu().numpy())
        return torch.from_numpy(scores).to(users.device)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return x B for rows of plays, x their weights, shape (B, n_items)."""
        return torch.from_numpy(self.solution.of_rows(rows))


def _check_memory(n_users: int, n_items: int, precision: Precision, max_gib: float) -> None:
    """Refuse a solve that would not fit."""
    less = "" if precision == 32 else "set model.precision=32 (a third), or "
    require_memory(
        ease_memory(n_users, n_items, precision),
        f"EASE of {n_users} users x {n_items} items",
        f"{less}keep fewer users or items (dataset.top_items, dataset.min_item_users)",
        max_gib,
    )
