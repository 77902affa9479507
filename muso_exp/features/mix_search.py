"""Weights of a mix of recommenders, sought on what the parts place first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from muso_exp.features.ranking import Rows, rank_in_blocks

_DEPTH = 2  # items that each part brings, as a multiple of the cutoff
_NOWHERE = np.float32(-1e30)  # score of an empty place of a list
COARSE = 0.25  # step of the grid that the search begins with


@dataclass(frozen=True)
class PartLists:
    """What each part places first for some users, with everything that was hidden.

    An item outside them is among the first of no part; that a mix would rank it first is unlikely.

    Attributes:
        scores: of the parts, shape (n_parts, n_users, width), float32; a user's list is shorter.
        positives: places of the hidden items in each list.
    """

    scores: np.ndarray
    positives: Rows

    @classmethod
    def gather(cls, blocks: Iterable[tuple[np.ndarray, Rows, Rows]], k: int) -> PartLists:
        """Keep the lists of blocks of users.

        Args:
            blocks: scores (n_parts, n_users, n_items), items that are not ranked, hidden items.
            k: cutoff of the nDCG that is sought.
        """
        lists = [one for block in blocks for one in _lists(*block, depth=_DEPTH * k)]
        width = max(scores.shape[1] for scores, _ in lists)
        n_parts = lists[0][0].shape[0]
        table = np.full((n_parts, len(lists), width), _NOWHERE, dtype=np.float32)
        for user, (scores, _) in enumerate(lists):
            table[:, user, : scores.shape[1]] = scores
        sizes = [len(places) for _, places in lists]
        places = np.concatenate([places for _, places in lists])
        return cls(table, Rows(np.concatenate([[0], np.cumsum(sizes)]), places))

    def ndcg(self, weights: np.ndarray, k: int) -> float:
        """Return the mean nDCG at k of the parts' scores, weighted by (n_parts,)."""
        mixed = np.tensordot(weights.astype(np.float32), self.scores, axes=1)
        n_users, width = mixed.shape
        nothing = Rows(np.zeros(n_users + 1, dtype=np.int64), np.zeros(0, dtype=np.int64))
        columns = rank_in_blocks(
            lambda start, stop: mixed[start:stop], nothing, self.positives, width, [k], n_top=0
        )
        return float(columns[f"ndcg_at_{k}"].mean())


def _lists(
    scores: np.ndarray, seen: Rows, positives: Rows, depth: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each user's scores (n_parts, n) of the listed items, and the places of the hidden."""
    for user in range(scores.shape[1]):
        own = scores[:, user].copy()  # (n_parts, n_items)
        own[:, seen.slice(user, user + 1).col] = -np.inf
        hidden = positives.slice(user, user + 1).col
        kept = min(depth, own.shape[1])
        first = np.argpartition(-own, kept - 1, axis=1)[:, :kept]
        items = np.union1d(first, hidden)
        items = items[np.isfinite(own[:, items]).all(axis=0)]
        yield own[:, items], np.searchsorted(items, hidden).astype(np.int64)


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
