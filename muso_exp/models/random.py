"""The random recommender, without drawing: all items tie."""

import torch
from torch import Tensor

from muso_exp.models.ranking import RankingSolver
from muso_exp.records import Batch


class Random(RankingSolver):
    """Scores every item 0. Ranking columns are the expectation over all orders of tied items."""

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Learn nothing."""

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return zeros, shape (B, n_items)."""
        return torch.zeros(len(users), self.n_items, device=users.device)

    def score_new(self, batch: Batch) -> Tensor:
        """Return zeros, shape (B, n_items)."""
        return torch.zeros(len(batch["crow_indices"]) - 1, self.n_items)
