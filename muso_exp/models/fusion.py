"""A mix of recommenders, its weights chosen on plays that were hidden from all parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.interactions import draw_entries, keep_entries
from muso_exp.models.mixture import Mixture, even_weights
from muso_exp.options import Count, Cutoffs, PositiveShare, Seed, SomeShare
from muso_exp.records import Batch

PARTS = ("ease", "wmf", "user_knn")
OPTIONS: dict[str, dict[str, Any]] = {  # of parts; chosen on plays of HetRec hidden within training
    "ease": {"weighting": "relative_log", "popularity_exponent": 0.25, "regularization": 100.0},
    "wmf": {"n_factors": 40, "iterations": 20, "epsilon": 1.0, "regularization": 10.0},
}


class RecommenderFusion(Mixture):
    """A weighted sum of the z-scores of recommenders, the same weights for all users.

    A share of each user's plays is hidden; the parts are fitted to the rest, and the weights sought
    under which what is hidden ranks best. Then the parts are fitted to all.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set; the largest is optimised (nDCG).
        n_top: length of the recommended lists.
        parts: of `muso_exp.models.mixture.PARTS`.
        options: arguments of parts, by their name; of a part that it names in place of `OPTIONS`.
        step: of the weights, at most.
        hidden_share: of each user's plays.
        n_validation: users whose hidden plays are looked at, drawn.
        seed: of the draws.

    Raises:
        ConfigError: an unknown part, or no user with plays to hide.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_top: Count = 10,
        parts: Sequence[str] = PARTS,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        step: PositiveShare = 0.05,
        hidden_share: SomeShare = 0.1,
        n_validation: Count = 1000,
        seed: Seed = 0,
    ) -> None:
        given = OPTIONS | dict(options or {})
        super().__init__(n_users, n_items, cutoffs, n_top, parts, given, n_levels=1)
        self.save_hyperparameters(logger=False)
        self.step, self.hidden_share = step, hidden_share
        self.n_validation, self.seed = n_validation, seed

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Choose the weights on hidden plays, then fit the parts to all of them."""
        known = self.plays(batch)
        self.weights.copy_(even_weights(self._usable(batch)).expand_as(self.weights))
        drawn = draw_entries(known, self.hidden_share, self.seed)
        cut, hidden = keep_entries(known, ~drawn), keep_entries(known, drawn)
        users = np.flatnonzero(np.diff(hidden.indptr))
        if not len(users):
            raise ConfigError("model=fusion: no user has two items; its weights cannot be chosen")
        order = np.random.default_rng([self.seed, 3]).permutation(users)
        self._fit(batch, cut)
        chosen = self._choose(np.sort(order[: self.n_validation]), cut, hidden, self.step)
        self._fit(batch, known)
        self.weights[0] = chosen

    def level(self, n_items: Tensor) -> Tensor:
        """Return 0 for every user, shape (B,)."""
        return torch.zeros_like(n_items)

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the weighted sums of z-scores, shape (B, n_items)."""
        return self._mix(lambda part, own: part.score_block(users, own), users, out)

    def settings_chosen(self) -> dict[str, float]:
        """Return the weights of the parts."""
        return {
            f"weight_of_{name}": weight
            for name, weight in zip(self.parts, self.weights[0].tolist(), strict=True)
        }
