"""Weights of a mix of recommenders, sought on what the parts place first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from muso_exp.features.ranking import Rows, rank_in_blocks

_DEPTH = 4  # items that each part brings, as a multiple of the cutoff
_EMPTY, _BEHIND = np.float32(-1e30), np.float32(-2e30)  # scores of places behind all items
_SAME = 1e-5  # z-scores so close are equal
COARSE = 0.25  # step of the grid that the search begins with


@dataclass(frozen=True)
class PartLists:
    """What each part places first for some users, and what bounds all other items.

    Each part has a wall: the least score that it brings. An item outside the lists is at no part's
    wall or above it, so that no mix places it above that of the walls. A hidden item above them has
    its true place; one that is not counts as not found, whatever ties there: the nDCG is at most
    that of all items, and equal where each part brings all.

    Attributes:
        scores: of the parts, shape (n_parts, n_users, width), float32; a user's list is shorter.
        walls: of the parts, shape (n_parts, n_users), float32.
        outside: hidden items that no part brings, shape (n_users, width), bool.
        positives: places of the hidden items in each list.
    """

    scores: np.ndarray
    walls: np.ndarray
    outside: np.ndarray
    positives: Rows

    @classmethod
    def gather(cls, blocks: Iterable[tuple[np.ndarray, Rows, Rows]], k: int) -> PartLists:
        """Keep the lists of blocks of users.

        Args:
            blocks: scores (n_parts, n_users, n_items), items that are not ranked, hidden items.
            k: cutoff of the nDCG that is sought.
        """
        lists = [one for block in blocks for one in _lists(*block, depth=_DEPTH * k)]
        width = max(one.scores.shape[1] for one in lists) + k  # k empty places at least
        n_parts = lists[0].scores.shape[0]
        scores = np.full((n_parts, len(lists), width), _EMPTY, dtype=np.float32)
        outside = np.zeros((len(lists), width), dtype=bool)
        for user, one in enumerate(lists):
            scores[:, user, : one.scores.shape[1]] = one.scores
            outside[user, : one.scores.shape[1]] = one.outside
        crow = np.concatenate([[0], np.cumsum([len(one.places) for one in lists])])
        places = Rows(crow, np.concatenate([one.places for one in lists]))
        return cls(scores, np.stack([one.walls for one in lists], axis=1), outside, places)

    def ndcg(self, weights: np.ndarray, k: int) -> float:
        """Return the mean nDCG at k of the parts' scores, weighted by (n_parts,)."""
        mixed = np.tensordot(weights.astype(np.float32), self.scores, axes=1)
        walls = weights.astype(np.float32) @ self.walls
        empty = mixed <= _EMPTY / 2  # weights sum to 1
        behind = ~empty & ((mixed <= walls[:, None] + _SAME) | self.outside)
        mixed = np.where(behind, _BEHIND, mixed)
        n_users, width = mixed.shape
        nothing = Rows(np.zeros(n_users + 1, dtype=np.int64), np.zeros(0, dtype=np.int64))
        columns = rank_in_blocks(
            lambda start, stop: mixed[start:stop], nothing, self.positives, width, [k], n_top=0
        )
        return float(columns[f"ndcg_at_{k}"].mean())


class _UserLists(NamedTuple):
    scores: np.ndarray  # of the listed items, (n_parts, n)
    walls: np.ndarray  # (n_parts,)
    outside: np.ndarray  # (n,), bool
    places: np.ndarray  # of the hidden items


def _lists(scores: np.ndarray, seen: Rows, positives: Rows, depth: int) -> Iterator[_UserLists]:
    """Yield the lists of each user, of scores (n_parts, n_users, n_items)."""
    for user in range(scores.shape[1]):
        open_items = np.setdiff1d(
            np.arange(scores.shape[2]), seen.slice(user, user + 1).col, assume_unique=True
        )
        own = scores[:, user, open_items]  # (n_parts, n)
        hidden = np.searchsorted(open_items, positives.slice(user, user + 1).col)
        if depth >= len(open_items):  # everything is listed: there is nothing to bound
            brought = np.arange(len(open_items))
            walls = np.full(len(own), _EMPTY)
        else:
            first = np.argpartition(-own, depth - 1, axis=1)[:, :depth]
            brought = np.unique(first)
            walls = np.take_along_axis(own, first, axis=1).min(axis=1)
        items = np.union1d(brought, hidden)
        outside = ~np.isin(items, brought, assume_unique=True)
        yield _UserLists(own[:, items], walls, outside, np.searchsorted(items, hidden))


def seek_weights(lists: PartLists, used: np.ndarray, step: float, k: int) -> np.ndarray:
    """Return the weights under which hidden items rank best by nDCG at k.

    First those of a grid of `COARSE` (or of `step`, where larger), then finer steps from the best:
    as long as moving a step's weight from one part to another helps it is moved, then the step is
    halved, until it is no larger than `step`.

    Args:
        lists: of the parts.
        used: which parts may have a weight, shape (n_parts,), bool.
        step: of the weights, at most.
        k: cutoff.

    Returns:
        Shape (n_parts,), float32, >= 0, sum 1.
    """
    coarse = max(step, COARSE)
    known: dict[tuple[float, ...], float] = {}

    def value(weights: np.ndarray) -> float:
        key = tuple(np.round(weights, 6).tolist())
        if key not in known:
            known[key] = lists.ndcg(weights, k)
        return known[key]

    start = [w for w in grid(len(used), coarse) if not w[~used].any()]
    best = start[int(np.argmax([value(weights) for weights in start]))]
    size = coarse / 2
    while coarse > step and size >= step / 2:
        moved = max(_moves(best, used, size), key=value, default=best)
        if value(moved) > value(best):
            best = moved
        else:
            size /= 2
    return best.astype(np.float32)


def _moves(weights: np.ndarray, used: np.ndarray, size: float) -> Iterator[np.ndarray]:
    """Yield the weights with `size` of them moved from one part to another."""
    for giver, taker in itertools.permutations(np.flatnonzero(used), 2):
        if weights[giver] >= size - 1e-6:
            moved = weights.copy()
            moved[giver] -= size
            moved[taker] += size
            yield moved


def grid(n_parts: int, step: float) -> list[np.ndarray]:
    """Return all weights that are multiples of `step` and sum to 1, each (n_parts,), float32."""
    n = round(1 / step)
    cuts = itertools.combinations(range(n + n_parts - 1), n_parts - 1)
    edges = [np.array([-1, *cut, n + n_parts - 1]) for cut in cuts]
    edges.reverse()  # equals fall to the first parts
    return [((np.diff(edge) - 1) / n).astype(np.float32) for edge in edges]
