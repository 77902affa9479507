"""A mix of recommenders: its parts, fitted and asked as one; a subclass chooses the weights."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec
import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions, fit_factors
from muso_exp.features.mix_search import PartLists, seek_weights
from muso_exp.features.plays_batch import plays_batch
from muso_exp.features.ranking import Rows
from muso_exp.models.abilities import FoldsIn
from muso_exp.models.ease import EASE
from muso_exp.models.feature_ranker import FeatureRanker
from muso_exp.models.item_knn import ItemKNN
from muso_exp.models.nearest_features import NearestFeatures
from muso_exp.models.popularity import Popularity
from muso_exp.models.ranking import RankingSolver
from muso_exp.models.titles import Titles
from muso_exp.models.user_knn import UserKNN
from muso_exp.models.wmf import WMF
from muso_exp.options import Count
from muso_exp.records import Batch

log = logging.getLogger(__name__)

_BLOCK = 64  # users whose scores of all items are kept at once while weights are sought


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
    "ease": EASE,
    "user_knn": UserKNN,
}


class Mixture(RankingSolver):
    """A weighted sum of the z-scores of recommenders; a subclass chooses the weights.

    A part that needs audio features, where no track has them, has the weight 0.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set; the largest is optimised (nDCG).
        n_top: length of the recommended lists.
        parts: of `PARTS`.
        options: arguments of parts, by their name.
        n_levels: rows of `weights`, each chosen for users of another kind.

    Raises:
        ConfigError: an unknown part.
    """

    weights: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Sequence[int],
        n_top: Count,
        parts: Sequence[str],
        options: Mapping[str, Mapping[str, Any]] | None,
        n_levels: int,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        unknown = [name for name in (*parts, *(options or {})) if name not in PARTS]
        if unknown or not parts:
            raise ConfigError(f"model.parts: {unknown or 'none'}; choose of {', '.join(PARTS)}")
        sizes, given = (n_users, n_items, cutoffs), options or {}
        self.parts = nn.ModuleDict(
            {name: PARTS[name](*sizes, n_top=n_top, **given.get(name, {})) for name in parts}
        )
        even = even_weights(torch.ones(len(parts), dtype=torch.bool))
        self.register_buffer("weights", even.repeat(n_levels, 1))

    def _usable(self, batch: Batch) -> Tensor:
        """Return which parts can learn from the batch, shape (n_parts,), bool; log the others."""
        parts = self._rankers()
        usable = [not isinstance(p, FeatureRanker) or p.knows_sounds(batch) for p in parts]
        left_out = [name for name, one in zip(self.parts, usable, strict=True) if not one]
        if left_out and any(usable):
            log.warning("no track has audio features; left out of the mix: %s", ", ".join(left_out))
        return torch.tensor(usable if any(usable) else [True] * len(parts))  # fails with its reason

    def _fit(self, batch: Batch, known: csr_matrix) -> None:
        matrix = plays_batch(known)
        for part, used in zip(self._rankers(), self._used(), strict=True):
            if used:
                part.training_step(batch | matrix, 0)

    def _choose(
        self, users: np.ndarray, cut: csr_matrix, hidden: csr_matrix, step: float
    ) -> Tensor:
        """Return the weights (n_parts,) under which the hidden items of users (n,) rank best.

        Args:
            users: numbers, each with hidden items.
            cut: what the parts were fitted to, shape (n_users, n_items).
            hidden: same shape.
            step: of the weights, at most.
        """
        k = max(self.cutoffs)

        def blocks() -> Iterator[tuple[np.ndarray, Rows, Rows]]:
            for start in range(0, len(users), _BLOCK):
                own = users[start : start + _BLOCK]
                seen, positives = (
                    Rows(part.indptr, part.indices) for part in (cut[own], hidden[own])
                )
                yield self._known_scores(torch.from_numpy(own)).numpy(), seen, positives

        lists = PartLists.gather(blocks(), k)
        return torch.from_numpy(seek_weights(lists, self._used().numpy(), step, k))

    def _known_scores(self, users: Tensor) -> Tensor:
        """Return the z-scores of each part for train users, (n_parts, B, n_items)."""
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

    @abstractmethod
    def level(self, n_items: Tensor) -> Tensor:
        """Return the row of `weights` of users by how many items they have (B,), long."""
        raise TypeError(f"{type(self).__name__} does not implement level")

    def _mix(self, scores: Tensor, n_items: Tensor) -> Tensor:
        """Return the sums of scores (n_parts, B, n_items), weighted by the users' items (B,)."""
        weights = self.weights[self.level(n_items)]  # (B, n_parts)
        return torch.einsum("bp,pbi->bi", weights, scores)

    def score_new(self, batch: Batch) -> Tensor:
        """Return the weighted sums of z-scores for new users, shape (B, n_items)."""
        n_items = batch["crow_indices"].diff()
        return self._mix(self._z_scores(lambda part: part.score_new(batch), n_items), n_items)


def even_weights(used: Tensor) -> Tensor:
    """Return equal weights of the used parts (n_parts,), bool, 0 of the others, sum 1."""
    return used / used.sum()


def z_scores(scores: Tensor) -> Tensor:
    """Return the scores of each row as z-scores, 0 where all are equal, (B, n_items), float32."""
    spread = scores.float().std(dim=1, keepdim=True)
    shifted = scores.float() - scores.float().mean(dim=1, keepdim=True)
    return torch.where(spread > 1e-9, shifted / spread.clamp(min=1e-9), 0)
