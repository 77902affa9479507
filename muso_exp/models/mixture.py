"""A mix of recommenders: its parts, fitted and asked as one; a subclass chooses the weights."""

from __future__ import annotations

import inspect
import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast, get_type_hints

import msgspec
import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from muso_exp.errors import ConfigError, DivergedError
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

_SPREAD = 1e-9  # below that the scores of a row are equal
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


Score = Callable[[BlendPart, Tensor | None], Tensor]

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
        ConfigError: no part, an unknown one or one twice; an option that a part refuses.
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
        if len(set(parts)) < len(parts):
            raise ConfigError(f"model.parts=[{','.join(parts)}]: each part once is needed")
        sizes, given = (n_users, n_items, cutoffs), options or {}
        self.parts = nn.ModuleDict()
        for name in parts:
            with _named(name):
                self.parts[name] = PARTS[name](*sizes, n_top=n_top, **given.get(name, {}))
        even = even_weights(torch.ones(len(parts), dtype=torch.bool))
        self.register_buffer("weights", even.repeat(n_levels, 1))

    @classmethod
    def part_options(cls) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the argument `options` -> part -> option -> its type."""
        return {"options": {name: option_types(part) for name, part in PARTS.items()}}

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
        for name, part, used in zip(self.parts, self._rankers(), self._used(), strict=True):
            if used:
                with _named(name):
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
        """Return the z-scores of each part for train users, (n_parts, B, n_items), 0 if unused."""
        scores = torch.zeros(len(self.parts), len(users), self.n_items, device=users.device)
        for own, part, used in zip(scores, self._rankers(), self._used(), strict=True):
            if used:
                z_scores(part.score_block(users).to(users.device), own)
        return scores

    def _used(self) -> Tensor:
        """Return which parts have a weight for some number of seeds, shape (n_parts,), bool."""
        return (self.weights > 0).any(dim=0).cpu()

    def _rankers(self) -> list[BlendPart]:
        return cast(list[BlendPart], list(self.parts.values()))

    @abstractmethod
    def level(self, n_items: Tensor) -> Tensor:
        """Return the row of `weights` of users by how many items they have (B,), long."""
        raise TypeError(f"{type(self).__name__} does not implement level")

    def _mix(self, score: Score, n_items: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the weighted sums of z-scores, shape (B, n_items).

        Args:
            score: a part, and memory that it may use, in; its scores (B, n_items) out.
            n_items: how many items each user has, shape (B,).
            out: memory for the sums.
        """
        weights = self.weights[self.level(n_items)]  # (B, n_parts)
        shape, device = (len(n_items), self.n_items), n_items.device
        mixed = torch.zeros(shape, device=device) if out is None else out.zero_()
        own = self._own_memory("part", *shape) if device.type == "cpu" else None
        for part, weight, used in zip(self._rankers(), weights.T, self._used(), strict=True):
            if used:
                mixed.addcmul_(z_scores(score(part, own).to(device), own), weight[:, None])
        return mixed

    def score_new(self, batch: Batch) -> Tensor:
        """Return the weighted sums of z-scores for new users, shape (B, n_items)."""
        return self._mix(lambda part, _: part.score_new(batch), batch["crow_indices"].diff())


def option_types(part: type[RankingSolver]) -> dict[str, Any]:
    """Return the options that a part takes within a mix, each with its type."""
    if part is SolvedWMF:
        return get_type_hints(FactorOptions, include_extras=True)
    of_the_mix = inspect.signature(RankingSolver).parameters
    taken = inspect.signature(part, eval_str=True).parameters
    return {name: one.annotation for name, one in taken.items() if name not in of_the_mix}


@contextmanager
def _named(part: str) -> Iterator[None]:
    """Have what a part refuses name its options as those of a mix."""
    try:
        yield
    except (ConfigError, DivergedError) as error:
        said = str(error).replace("model.", f"model.options.{part}.")
        raise type(error)(said) from error


def even_weights(used: Tensor) -> Tensor:
    """Return equal weights of the used parts (n_parts,), bool, 0 of the others, sum 1."""
    return used / used.sum()


def z_scores(scores: Tensor, out: Tensor | None = None) -> Tensor:
    """Return the scores of each row as z-scores, 0 where all are equal, (B, n_items), float32.

    Args:
        scores: floating.
        out: memory for them, which may be that of the scores.
    """
    scores = scores.float()
    spread = scores.std(dim=1, keepdim=True)
    found = torch.sub(scores, scores.mean(dim=1, keepdim=True), out=out).div_(spread)
    found[~(spread > _SPREAD).squeeze(1)] = 0
    return found
