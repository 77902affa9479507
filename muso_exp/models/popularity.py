"""The popularity baseline: everybody is recommended the same items."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.ranking import RankingSolver
from muso_exp.options import Count, Cutoffs
from muso_exp.records import Batch


class Popularity(RankingSolver):
    """Scores an item by how many train users play it, or by its plays.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        by: `users` or `plays`.
        n_top: length of the recommended lists.

    Raises:
        ConfigError: `by` is not known.
    """

    popularity: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        by: Literal["users", "plays"] = "users",
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        if by not in ("users", "plays"):
            raise ConfigError(f"model.by must be users or plays, got {by!r}")
        self.save_hyperparameters(logger=False)
        self.by = by
        self.register_buffer("popularity", torch.zeros(n_items))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Count users or plays."""
        plays = self.plays(batch)
        weights = None if self.by == "users" else plays.data.astype(np.float64)
        counts = np.bincount(plays.indices, weights, minlength=self.n_items)
        self.popularity.copy_(torch.from_numpy(counts))

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the counts, the same for every user, shape (B, n_items)."""
        return self.popularity.expand(len(users), -1)

    def score_new(self, batch: Batch) -> Tensor:
        """Return the counts, the same for everybody, shape (B, n_items)."""
        return self.popularity.expand(len(batch["crow_indices"]) - 1, -1)
