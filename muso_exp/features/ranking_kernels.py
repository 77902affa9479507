"""Compiled loops of `muso_exp.features.ranking`, which checks what they are given (numba)."""

from typing import Any

import numpy as np
from numba import njit, prange

Array = np.ndarray
Number = Any  # a scalar of the very width that the arrays have
_BUCKETS = 1024


@njit(cache=True)
def first_bad_row(crow: Array, col: Array, n_items: int) -> int:
    """Return the first row that is not ascending, repeats or leaves 0..n_items - 1; or -1."""
    for row in range(len(crow) - 1):
        last = -1
        for place in range(crow[row], crow[row + 1]):
            if col[place] <= last or col[place] >= n_items:
                return row
            last = col[place]
    return -1


@njit(cache=True)
def first_overlap(seen_crow: Array, seen: Array, pos_crow: Array, pos: Array) -> int:
    """Return the first row whose two lists share an item; or -1."""
    for row in range(len(pos_crow) - 1):
        place, end = seen_crow[row], seen_crow[row + 1]
        for j in range(pos_crow[row], pos_crow[row + 1]):
            while place < end and seen[place] < pos[j]:
                place += 1
            if place < end and seen[place] == pos[j]:
                return row
    return -1


@njit(cache=True)
def _bucket(score: Number, low: Number, scale: Number) -> int:
    """Return a bucket number that never falls as the score rises."""
    if score <= low:
        return 0
    position = (score - low) * scale
    return int(position) if position < _BUCKETS - 1 else _BUCKETS - 1


@njit(cache=True)
def _fill_table(own: Array, scale: Number, first: Array) -> None:
    """Set first[b] to the number of own scores (ascending) in buckets before b."""
    place = 0
    for bucket in range(_BUCKETS):
        while place < len(own) and _bucket(own[place], own[0], scale) < bucket:
            place += 1
        first[bucket] = place


@njit(cache=True)
def _place(
    score: Number, own: Array, first: Array, scale: Number, sign: Number, below: Array, equal: Array
) -> None:
    """Count a score by how many own scores are below it, and if it equals the next one."""
    j = first[_bucket(score, own[0], scale)]
    while j < len(own) and own[j] < score:
        j += 1
    below[j] += sign
    if j < len(own) and own[j] == score:
        equal[j] += sign


@njit(cache=True, parallel=True)
def count_above(
    scores: Array,
    seen_crow: Array,
    seen: Array,
    pos_crow: Array,
    pos: Array,
    above: Array,
    tied: Array,
) -> None:
    """Fill `above` and `tied`, see `muso_exp.features.ranking.count_above`."""
    for row in prange(len(scores)):
        line = scores[row]
        start, stop = pos_crow[row], pos_crow[row + 1]
        own = np.sort(line[pos[start:stop]])
        scale = np.float32((_BUCKETS - 1) / max(own[-1] - own[0], np.float32(1e-30)))
        first = np.empty(_BUCKETS, dtype=np.int32)
        _fill_table(own, scale, first)
        below = np.zeros(len(own) + 1, dtype=np.int64)
        equal = np.zeros(len(own) + 1, dtype=np.int64)
        for item in range(len(line)):
            if line[item] >= own[0]:
                _place(line[item], own, first, scale, 1, below, equal)
        for place in range(seen_crow[row], seen_crow[row + 1]):
            if line[seen[place]] >= own[0]:
                _place(line[seen[place]], own, first, scale, -1, below, equal)
        over = 0
        for j in range(len(own) - 1, -1, -1):
            over += below[j + 1]
            above[stop - 1 - j] = over
        for j in range(len(own)):
            if j > 0 and own[j] == own[j - 1]:
                equal[j] = equal[j - 1]
            tied[stop - 1 - j] = equal[j]


@njit(cache=True)
def _noise(user: Number, item: Number) -> Number:
    """Return the splitmix64 hash of a user and an item: the order of their ties."""
    x = user * np.uint64(0x9E3779B97F4A7C15) + np.uint64(item)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def _sink(score: Number, noise: Number, item: Number, heap: tuple[Array, Array, Array]) -> None:
    """Put an entry at the root of the min-heap `heap` and let it sink to its place."""
    scores, noises, items = heap
    hole, size = 0, len(items)
    while 2 * hole + 1 < size:
        child = 2 * hole + 1
        right = child + 1
        if right < size and _less(scores[right], noises[right], scores[child], noises[child]):
            child = right
        if not _less(scores[child], noises[child], score, noise):
            break
        scores[hole], noises[hole], items[hole] = scores[child], noises[child], items[child]
        hole = child
    scores[hole], noises[hole], items[hole] = score, noise, item


@njit(cache=True)
def _less(score: Number, noise: Number, other_score: Number, other_noise: Number) -> bool:
    return score < other_score or (score == other_score and noise < other_noise)


@njit(cache=True, parallel=True)
def top_items(scores: Array, seen_crow: Array, seen: Array, users: Array, top: Array) -> None:
    """Fill `top` from a heap of the best candidates so far, worst at its root."""
    n_top = top.shape[1]
    for row in prange(len(scores)):
        line = scores[row]
        own = seen[seen_crow[row] : seen_crow[row + 1]]
        kept = np.full(n_top, -np.inf, dtype=np.float32)
        noises = np.zeros(n_top, dtype=np.uint64)
        items = np.full(n_top, -1, dtype=np.int32)
        heap = (kept, noises, items)
        for item in range(len(line)):
            if line[item] < kept[0]:
                continue
            noise = _noise(users[row], item)
            if not _less(kept[0], noises[0], line[item], noise):
                continue
            found = np.searchsorted(own, item)
            if found == len(own) or own[found] != item:
                _sink(line[item], noise, item, heap)
        for place in range(n_top - 1, -1, -1):
            top[row, place] = items[0]
            _sink(np.float32(np.inf), np.uint64(0), -1, heap)
