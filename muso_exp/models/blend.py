"""A mix of recommenders, its weights chosen on playlists that none of them learned whole."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec
import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions, fit_factors
from muso_exp.features.interactions import keep_entries
from muso_exp.features.ranking import Rows, rank_in_blocks
from muso_exp.models.abilities import FoldsIn
from muso_exp.models.feature_ranker import FeatureRanker
from muso_exp.models.item_knn import ItemKNN
from muso_exp.models.nearest_features import NearestFeatures
from muso_exp.models.popularity import Popularity
from muso_exp.models.ranking import RankingSolver
from muso_exp.models.shown_abilities import BlendWeights
from muso_exp.models.titles import Titles
from muso_exp.models.wmf import WMF
from muso_exp.options import Count, PositiveShare, Seed
from muso_exp.records import Batch

log = logging.getLogger(__name__)

MIN_HIDDEN = 5  # tracks of a validation playlist beyond its seeds


class SolvedWMF(WMF):
    """WMF solved in one step, as a part of a mix; the options are those of `FactorOptions`."""

    one_step = True

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Sequence[int],
        n_top: Count = 10,
        **options: Any,
    ) -> None:
        self.options = msgspec.convert(options, FactorOptions)
        given = {name: value for name, value in options.items() if name != "iterations"}
        super().__init__(n_users, n_items, cutoffs, n_top=n_top, **given)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Fit the factors from the start."""
        users, items = fit_factors(self.plays(batch), self.options)
        self.register_buffer("user_factors", torch.from_numpy(users))
        self.register_buffer("item_factors", torch.from_numpy(items))


class BlendPart(FoldsIn, Protocol):
    """What a part of a mix can do."""

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Fit the part from the start."""
        ...

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the scores of all items for train playlists (B,), shape (B, n_items)."""
        ...


PARTS: dict[str, type[RankingSolver]] = {
    "popularity": Popularity,
    "titles": Titles,
    "item_knn": ItemKNN,
    "wmf": SolvedWMF,
    "nearest_features": NearestFeatures,
}


class Blend(RankingSolver):
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
        ConfigError: an unknown part, or a step that does not divide 1.
    """

    weights: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Sequence[Count] = (10, 100, 500),
        n_top: Count = 10,
        seed_counts: Sequence[int] = (1, 5, 25),
        parts: Sequence[str] = tuple(PARTS),
        options: Mapping[str, Mapping[str, Any]] | None = None,
        step: PositiveShare = 0.25,
        n_validation: Count = 100,
        seed: Seed = 0,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        unknown = [name for name in (*parts, *(options or {})) if name not in PARTS]
        if unknown or not parts:
            raise ConfigError(f"model.parts: {unknown or 'none'}; choose of {', '.join(PARTS)}")
        if not 0 < step <= 1 or abs(1 / step - round(1 / step)) > 1e-9:
            raise ConfigError(f"model.step must divide 1, e.g. 0.25; got {step}")
        self.save_hyperparameters(logger=False)
        self.seed_counts = sorted(set(seed_counts))
        self.step, self.n_validation, self.seed = step, n_validation, seed
        sizes = (n_users, n_items, cutoffs)
        given = options or {}
        self.parts = nn.ModuleDict(
            {name: PARTS[name](*sizes, n_top=n_top, **given.get(name, {})) for name in parts}
        )
        even = even_weights(torch.ones(len(parts), dtype=torch.bool))
        self.register_buffer("weights", even.repeat(len(self.seed_counts), 1))
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
                chosen[level] = self._choose(users, cut, hidden)
        self._fit(batch, known)
        self.weights.copy_(chosen)

    def _usable(self, batch: Batch) -> Tensor:
        """Return which parts can learn from the batch, shape (n_parts,), bool; log the others."""
        parts = self._rankers()
        usable = [not isinstance(p, FeatureRanker) or p.knows_sounds(batch) for p in parts]
        left_out = [name for name, one in zip(self.parts, usable, strict=True) if not one]
        if left_out and any(usable):
            log.warning("no track has audio features; left out of the mix: %s", ", ".join(left_out))
        return torch.tensor(usable if any(usable) else [True] * len(parts))  # fails with its reason

    def _fit(self, batch: Batch, known: csr_matrix) -> None:
        matrix = {
            "crow_indices": torch.from_numpy(known.indptr.astype(np.int64)),
            "col_indices": torch.from_numpy(known.indices.astype(np.int64)),
            "values": torch.from_numpy(known.data),
        }
        for part, used in zip(self._rankers(), self._used(), strict=True):
            if used:
                part.training_step(batch | matrix, 0)
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

    def _choose(self, users: np.ndarray, cut: csr_matrix, hidden: csr_matrix) -> Tensor:
        """Return the weights (n_parts,) under which the hidden tracks of users (n,) rank best."""
        seen, positives = cut[users], hidden[users]
        rows = Rows(seen.indptr, seen.indices), Rows(positives.indptr, positives.indices)
        scores = self._known_scores(torch.from_numpy(users)).numpy()  # (n_parts, n, n_items)
        used = self._used().numpy()
        weights = [w for w in grid(len(scores), self.step) if not w[~used].any()]
        values = [
            mean_ndcg(np.tensordot(w, scores, axes=1), *rows, max(self.cutoffs)) for w in weights
        ]
        return torch.from_numpy(weights[int(np.argmax(values))])

    def _known_scores(self, users: Tensor) -> Tensor:
        """Return the z-scores of each part for train playlists, (n_parts, B, n_items)."""
        return self._z_scores(lambda part: part.score_block(users), users)

    def _z_scores(self, score: Callable[[BlendPart], Tensor], rows: Tensor) -> Tensor:
        """Return the z-scores of each part for rows (B,), 0 of those without weight."""
        nothing = torch.zeros(len(rows), self.n_items, device=rows.device)
        used = zip(self._rankers(), self._used(), strict=True)
        return torch.stack(
            [z_scores(score(part).to(rows.device)) if one else nothing for part, one in used]
        )

    def _used(self) -> Tensor:
        """Return which parts have a weight for some number of seeds, shape (n_parts,), bool."""
        return (self.weights > 0).any(dim=0).cpu()

    def _rankers(self) -> list[BlendPart]:
        return cast(list[BlendPart], list(self.parts.values()))

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the weighted sums of z-scores, shape (B, n_items)."""
        return self._mix(self._known_scores(users), self.get_buffer("n_seeds")[users])

    def score_new(self, batch: Batch) -> Tensor:
        """Return the weighted sums of z-scores for new playlists, shape (B, n_items)."""
        n_seeds = batch["crow_indices"].diff()
        return self._mix(self._z_scores(lambda part: part.score_new(batch), n_seeds), n_seeds)

    def _mix(self, scores: Tensor, n_seeds: Tensor) -> Tensor:
        """Return the sums of scores (n_parts, B, n_items), weighted by n_seeds (B,)."""
        levels = torch.tensor(self.seed_counts, device=n_seeds.device)
        level = torch.searchsorted(levels, n_seeds, right=True) - 1
        weights = self.weights[level.clamp(min=0)]  # (B, n_parts)
        return torch.einsum("bp,pbi->bi", weights, scores)

    def blend_weights(self) -> BlendWeights:
        """Return the weights of the parts, by the number of seeds."""
        return BlendWeights(tuple(self.parts), torch.tensor(self.seed_counts), self.weights)


def even_weights(used: Tensor) -> Tensor:
    """Return equal weights of the used parts (n_parts,), bool, 0 of the others, sum 1."""
    return used / used.sum()


def z_scores(scores: Tensor) -> Tensor:
    """Return the scores of each row as z-scores, 0 where all are equal, (B, n_items), float32."""
    spread = scores.float().std(dim=1, keepdim=True)
    shifted = scores.float() - scores.float().mean(dim=1, keepdim=True)
    return torch.where(spread > 1e-9, shifted / spread.clamp(min=1e-9), 0)


def mean_ndcg(scores: np.ndarray, seen: Rows, positives: Rows, k: int) -> float:
    """Return the mean nDCG at k of scores (n_users, n_items)."""
    columns = rank_in_blocks(
        lambda start, stop: scores[start:stop], seen, positives, scores.shape[1], [k], n_top=0
    )
    return float(columns[f"ndcg_at_{k}"].mean())


def grid(n_parts: int, step: float) -> list[np.ndarray]:
    """Return all weights that are multiples of `step` and sum to 1, each (n_parts,), float32."""
    n = round(1 / step)
    cuts = itertools.combinations(range(n + n_parts - 1), n_parts - 1)
    edges = [np.array([-1, *cut, n + n_parts - 1]) for cut in cuts]
    edges.reverse()  # equals fall to the first parts
    return [((np.diff(edge) - 1) / n).astype(np.float32) for edge in edges]
