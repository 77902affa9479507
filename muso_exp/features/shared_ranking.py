"""Ranks by scores that all users share, but for a few items of each: sorted once, then looked up.

What a null model says is the same for all users (popularity), or raises a few items for each (more
of the user's artists). The columns are those of `muso_exp.features.ranking.rank_in_blocks` on the
same scores, number for number; that passes over all items for each user, this over few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit

from muso_exp.features.ranking import (
    BLOCK_USERS,
    Places,
    Rows,
    as_int64,
    check_rows,
    columns_of,
    workers,
)
from muso_exp.features.ranking_kernels import Array, Number, less, noise, sink, take_off
from muso_exp.features.threads import loop_threads

Raised = tuple[np.ndarray, np.ndarray]
_NOTHING: Raised = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)


def rank_by_item(
    item_scores: np.ndarray,
    seen: Rows,
    positives: Rows,
    cutoffs: Sequence[int],
    n_top: int = 10,
    users: np.ndarray | None = None,
    longest: int = 0,
    raised: Callable[[int], Raised] | None = None,
) -> dict[str, np.ndarray]:
    """Return the ranking columns of item scores (n_items,) that are the same for every user.

    Popularity is one such score. All zeros are the random recommender: everything ties, and the
    columns are its exact expectation. Other arguments, columns and errors as of `rank_in_blocks`.

    Args:
        item_scores: of all items; larger is better.
        seen: see `rank_in_blocks`.
        positives: see `rank_in_blocks`.
        cutoffs: see `rank_in_blocks`.
        n_top: see `rank_in_blocks`.
        users: see `rank_in_blocks`.
        longest: see `rank_in_blocks`.
        raised: place of a user -> items, ascending, and the scores that they have for this user
            instead; they may also be lower.
    """
    seen, positives = as_int64(seen), as_int64(positives)
    scores = np.ascontiguousarray(item_scores, dtype=np.float32)
    check_rows(seen, positives, len(scores))
    n_users = len(positives.crow) - 1
    ids = (np.arange(n_users) if users is None else np.asarray(users)).astype(np.uint64)
    found = Places(
        np.zeros(len(positives.col), dtype=np.int64),
        np.ones(len(positives.col), dtype=np.int64),
        np.full(n_users, bool(np.isfinite(scores).all())),
        np.full((n_users, n_top), -1, dtype=np.int32),
        positives.col.copy(),
    )
    order = np.argsort(-scores, kind="stable").astype(np.int32)
    ascending = scores[order[::-1]]

    def rank(start: int) -> None:
        for row in range(start, min(start + BLOCK_USERS, n_users)):
            items, values = _NOTHING if raised is None else raised(row)
            if not np.isfinite(values).all():
                found.finite[row] = False
            if not found.finite[row]:
                continue
            own = slice(positives.crow[row], positives.crow[row + 1])
            known = seen.col[seen.crow[row] : seen.crow[row + 1]]
            _count_user(
                *(scores, ascending, known, positives.col[own], items, values),
                *(found.above[own], found.tied[own], found.items[own]),
            )
            if n_top:
                _top_user(scores, order, known, items, values, ids[row], found.top[row])

    blocks = range(0, n_users, BLOCK_USERS)
    n_threads = loop_threads()
    if n_threads == 1 or len(blocks) == 1:
        for block in blocks:
            rank(block)
    else:
        list(workers(n_threads).map(rank, blocks))
    n_candidates = len(scores) - np.diff(seen.crow)
    return columns_of(found, positives.crow, n_candidates, cutoffs, n_top, longest)


@njit(cache=True, nogil=True)
def _is_in(items: Array, item: Number) -> bool:
    """Return whether an item is among some, ascending."""
    place = np.searchsorted(items, item)
    return bool(place < len(items) and items[place] == item)


@njit(cache=True, nogil=True)
def _of(scores: Array, items: Array, raised: Array, values: Array) -> Array:
    """Return the scores of some items."""
    found = scores[items]
    for i in range(len(items)):
        place = np.searchsorted(raised, items[i])
        if place < len(raised) and raised[place] == items[i]:
            found[i] = values[place]
    return found


@njit(cache=True, nogil=True)
def _count_user(
    scores: Array,
    ascending: Array,
    seen: Array,
    pos: Array,
    raised: Array,
    values: Array,
    above: Array,
    tied: Array,
    items: Array,
) -> None:
    """Fill the last three: one user's held-out items, best first, and what is above and equal."""
    found = _of(scores, pos, raised, values)
    own = np.unique(found)
    before, after = np.sort(scores[raised]), np.sort(values)
    over, equal = np.zeros(len(own), dtype=np.int64), np.zeros(len(own), dtype=np.int64)
    for j in range(len(own)):
        least, most = 0, 0
        for sign, part in ((1, ascending), (-1, before), (1, after)):
            least += sign * np.searchsorted(part, own[j])
            most += sign * np.searchsorted(part, own[j], side="right")
        over[j], equal[j] = len(scores) - most, most - least
    take_off(_of(scores, seen, raised, values), own, over, equal)
    order = np.argsort(-found, kind="mergesort")
    for place in range(len(order)):
        j = np.searchsorted(own, found[order[place]])
        above[place], tied[place], items[place] = over[j], equal[j], pos[order[place]]


@njit(cache=True, nogil=True)
def _top_user(
    scores: Array,
    order: Array,
    seen: Array,
    raised: Array,
    values: Array,
    user: Number,
    top: Array,
) -> None:
    """Fill one list: the raised items, then the others, best first, until none is good enough."""
    kept = np.full(len(top), -np.inf, dtype=np.float32)
    noises = np.zeros(len(top), dtype=np.uint64)
    items = np.full(len(top), -1, dtype=np.int32)
    heap = (kept, noises, items)
    for i in range(len(raised)):
        own = noise(user, raised[i])
        if less(kept[0], noises[0], values[i], own) and not _is_in(seen, raised[i]):
            sink(values[i], own, raised[i], heap)
    for item in order:
        score = scores[item]
        if score < kept[0]:
            break
        own = noise(user, item)
        if (
            less(kept[0], noises[0], score, own)
            and not _is_in(seen, item)
            and not _is_in(raised, item)
        ):
            sink(score, own, item, heap)
    for place in range(len(top) - 1, -1, -1):
        top[place] = items[0]
        sink(np.float32(np.inf), np.uint64(0), -1, heap)
