"""A mix of recommenders, its weights chosen by the number of seeds on playlists cut for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.interactions import keep_entries
from muso_exp.models.mixture import Mixture, SolvedWMF, even_weights
from muso_exp.models.shown_abilities import BlendWeights
from muso_exp.options import Count, Cutoffs, PositiveShare, Seed, ZeroOrMore
from muso_exp.records import Batch

__all__ = ["Blend", "SolvedWMF"]
MIN_HIDDEN = 5  # tracks of a validation playlist beyond its seeds
PARTS = ("popularity", "titles", "item_knn", "wmf", "nearest_features")


class Blend(Mixture):
    """A weighted sum of z-scores, the weights by how many seeds a playlist has.

    A part that needs audio features, where no track has them, has the weight 0.

    Some playlists are cut down to so many seeds; the parts are fitted to the rest, and of all
    weights on a grid those that rank the cut tracks best count. Then the parts are fitted to all.

    Args:
        n_users: number of playlists, from the data set.
        n_items: number of tracks, from the data set.
        cutoffs: the k of the ranking columns, from the data set; the largest is optimised (nDCG).
        n_top: length of the recommended lists, from the data set.
        seed_counts: numbers of seeds to choose weights for, from the data set; a playlist uses
            those of the largest number that it reaches.
        parts: of `PARTS`.
        options: arguments of parts, by their name.
        step: of the grid of weights, which sum to 1.
        n_validation: playlists cut down for each number of seeds.
        seed: of the draws.

    Raises:
        ConfigError: an unknown part, or a step that does not divide 1; no number of seeds.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_top: Count = 10,
        seed_counts: Sequence[ZeroOrMore] = (1, 5, 25),
        parts: Sequence[str] = PARTS,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        step: PositiveShare = 0.25,
        n_validation: Count = 100,
        seed: Seed = 0,
    ) -> None:
        levels = sorted(set(seed_counts))
        if not levels:
            raise ConfigError("model.seed_counts: none is given")
        super().__init__(n_users, n_items, cutoffs, n_top, parts, options, len(levels))
        if not 0 < step <= 1 or abs(1 / step - round(1 / step)) > 1e-9:
            raise ConfigError(f"model.step must divide 1, e.g. 0.25; got {step}")
        self.save_hyperparameters(logger=False)
        self.seed_counts = levels
        self.step, self.n_validation, self.seed = step, n_validation, seed
        self.register_buffer("n_seeds", torch.zeros(n_users, dtype=torch.long))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Choose the weights on cut playlists, then fit the parts to all of them."""
        known = self.plays(batch)
        self.weights.copy_(even_weights(self._usable(batch)).expand_as(self.weights))
        cut, hidden, groups = self._cut(known)
        self._fit(batch, cut)
        chosen = self.weights.clone()
        for level, users in enumerate(groups):
            if len(users):
                chosen[level] = self._choose(users, cut, hidden, self.step)
        self._fit(batch, known)
        self.weights.copy_(chosen)
        self.register_buffer("n_seeds", torch.from_numpy(np.diff(known.indptr).astype(np.int64)))

    def _cut(self, known: csr_matrix) -> tuple[csr_matrix, csr_matrix, list[np.ndarray]]:
        """Return what is left, what is hidden, and the playlists cut to each number of seeds."""
        rng = np.random.default_rng([self.seed, 2])
        lengths = np.diff(known.indptr)
        left = rng.permutation(self.n_users)
        hide = np.zeros(known.nnz, dtype=bool)
        groups: list[np.ndarray] = []
        for n_seeds in reversed(self.seed_counts):  # the most demanding first
            users = left[lengths[left] >= n_seeds + MIN_HIDDEN][: self.n_validation]
            left = left[~np.isin(left, users)]
            groups.insert(0, np.sort(users))
            for user in users:
                places = np.arange(known.indptr[user], known.indptr[user + 1])
                hide[rng.permutation(places)[n_seeds:]] = True
        return keep_entries(known, ~hide), keep_entries(known, hide), groups

    def level(self, n_items: Tensor) -> Tensor:
        """Return the place among the numbers of seeds, of playlists of so many tracks (B,)."""
        levels = torch.tensor(self.seed_counts, device=n_items.device)
        return (torch.searchsorted(levels, n_items, right=True) - 1).clamp(min=0)

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the weighted sums of z-scores, shape (B, n_items)."""
        n_seeds = self.get_buffer("n_seeds")[users]
        return self._mix(lambda part, own: part.score_block(users, own), n_seeds, out)

    def blend_weights(self) -> BlendWeights:
        """Return the weights of the parts, by the number of seeds."""
        return BlendWeights(tuple(self.parts), torch.tensor(self.seed_counts), self.weights)
