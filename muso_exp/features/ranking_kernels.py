"""Compiled loops of `muso_exp.features.ranking`, which checks what they are given (numba)."""

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray
Number = Any  # a scalar of the width that the arrays have
_BUCKETS = 2048
_CHUNK = 1024  # scores that stay in the first-level cache
_STRIP = 64  # scores passed over at once


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
def _bucket(score: Number, low: Number, scale: Number) -> Number:
    """Return a bucket that never falls as the score rises: 0 below `low`, else 1 to _BUCKETS.

    Where the own scores span more than float32 holds, `scale` is 0 and they share bucket 1.
    """
    position = (score - low) * scale
    position = position if position > 0 else np.float32(0)  # inf * 0 is NaN, which is not > 0
    position = position if position < _BUCKETS - 1 else np.float32(_BUCKETS - 1)
    return np.int32(position) + np.int32(1) if score >= low else np.int32(0)


@njit(cache=True)
def _count_row(line: Array, own: Array, above: Array, equal: Array) -> None:
    """Count the scores of a line above and equal to each own score (ascending, distinct).

    A histogram counts whole buckets; only scores in a bucket with an own score are compared. The
    line is taken in chunks that stay in the first-level cache.
    """
    low = own[0]
    scale = np.float32((_BUCKETS - 1) / max(own[-1] - low, np.float32(1e-30)))
    counts = np.zeros(_BUCKETS + 1, dtype=np.int32)
    first = np.zeros(_BUCKETS + 1, dtype=np.int32)  # own score in the bucket
    holds = np.zeros(_BUCKETS + 1, dtype=np.uint8)  # whether there is one
    for j in range(len(own) - 1, -1, -1):
        bucket = _bucket(own[j], low, scale)
        first[bucket], holds[bucket] = j, 1
    buckets = np.empty(_CHUNK, dtype=np.uint16)  # unsigned: no test for places from the end
    near = np.empty(_CHUNK + 1, dtype=np.uint16)
    for start in range(0, len(line), _CHUNK):
        part = line[start : start + _CHUNK]
        for i in range(len(part)):
            buckets[i] = _bucket(part[i], low, scale)
        n_near = np.uint64(0)
        for i in range(len(part)):
            bucket = buckets[i]
            counts[bucket] += 1
            near[n_near] = i
            n_near += np.uint64(holds[bucket])
        for place in range(n_near):
            score, j = part[near[place]], first[buckets[near[place]]]
            while j < len(own) and own[j] < score:
                above[j] += 1
                j += 1
            if j < len(own) and own[j] == score:
                equal[j] += 1
    _add_buckets(own, low, scale, counts, above)


@njit(cache=True)
def _add_buckets(own: Array, low: Number, scale: Number, counts: Array, above: Array) -> None:
    """Add to what is above each own score in its bucket all that is in the buckets above."""
    over, bucket = 0, _BUCKETS
    for j in range(len(own) - 1, -1, -1):
        while bucket > _bucket(own[j], low, scale):
            over += counts[bucket]
            bucket -= 1
        above[j] += over


@njit(cache=True)
def take_off(seen: Array, own: Array, above: Array, equal: Array) -> None:
    """Take scores of seen items off the counts."""
    ordered = np.sort(seen)
    for j in range(len(own)):
        last = np.searchsorted(ordered, own[j], side="right")
        above[j] -= len(ordered) - last
        equal[j] -= last - np.searchsorted(ordered, own[j])


@njit(cache=True)
def _finite(line: Array) -> bool:
    """Return whether all scores are finite."""
    wrong = np.int32(0)
    for i in range(len(line)):
        wrong += np.int32(line[i] - line[i] != 0)
    return bool(wrong == 0)


@njit(cache=True)
def _count_user(line: Array, seen: Array, pos: Array, above: Array, tied: Array) -> bool:
    """Fill the counts of one user's held-out items, best first; False if a score is not finite."""
    above[:], tied[:] = 0, 1
    if not _finite(line):
        return False
    scores = np.sort(line[pos])
    own = np.unique(scores)
    over, equal = np.zeros(len(own), dtype=np.int64), np.zeros(len(own), dtype=np.int64)
    _count_row(line, own, over, equal)
    take_off(line[seen], own, over, equal)
    j = len(own) - 1
    for place in range(len(scores)):
        while own[j] > scores[len(scores) - 1 - place]:
            j -= 1
        above[place], tied[place] = over[j], equal[j]
    return True


@njit(cache=True)
def noise(user: Number, item: Number) -> Number:
    """Return the splitmix64 hash of a user and an item: the order of their ties."""
    x = user * np.uint64(0x9E3779B97F4A7C15) + np.uint64(item)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def sink(score: Number, noise: Number, item: Number, heap: tuple[Array, Array, Array]) -> None:
    """Put an entry at the root of the min-heap `heap` and let it sink to its place."""
    scores, noises, items = heap
    hole, size = 0, len(items)
    while 2 * hole + 1 < size:
        child = 2 * hole + 1
        right = child + 1
        if right < size and less(scores[right], noises[right], scores[child], noises[child]):
            child = right
        if not less(scores[child], noises[child], score, noise):
            break
        scores[hole], noises[hole], items[hole] = scores[child], noises[child], items[child]
        hole = child
    scores[hole], noises[hole], items[hole] = score, noise, item


@njit(cache=True)
def less(score: Number, noise: Number, other_score: Number, other_noise: Number) -> bool:
    """Return whether an entry ranks below another; equal scores by their noise."""
    return score < other_score or (score == other_score and noise < other_noise)


@njit(cache=True)
def _reaches(part: Array, least: Number) -> bool:
    """Return whether any score is at least `least`; counting them all is the faster way."""
    n = np.int32(0)
    for i in range(len(part)):
        n += np.int32(part[i] >= least)
    return bool(n > 0)


@njit(cache=True)
def _top_user(line: Array, seen: Array, user: Number, top: Array) -> None:
    """Fill one list from a heap of the best candidates so far, worst at its root."""
    kept = np.full(len(top), -np.inf, dtype=np.float32)
    noises = np.zeros(len(top), dtype=np.uint64)
    items = np.full(len(top), -1, dtype=np.int32)
    heap = (kept, noises, items)
    for start in range(0, len(line), _STRIP):
        if not _reaches(line[start : start + _STRIP], kept[0]):
            continue
        for item in range(start, min(start + _STRIP, len(line))):
            if line[item] < kept[0]:
                continue
            own = noise(user, item)
            if not less(kept[0], noises[0], line[item], own):
                continue
            found = np.searchsorted(seen, item)
            if found == len(seen) or seen[found] != item:
                sink(line[item], own, item, heap)
    for place in range(len(top) - 1, -1, -1):
        top[place] = items[0]
        sink(np.float32(np.inf), np.uint64(0), -1, heap)


@njit(cache=True, nogil=True)
def rank_rows(
    scores: Array,
    seen_crow: Array,
    seen: Array,
    pos_crow: Array,
    pos: Array,
    users: Array,
    above: Array,
    tied: Array,
    finite: Array,
    top: Array,
) -> None:
    """Fill the last four, see `muso_exp.features.ranking.place`; a line is read while it is near.

    One thread: the callers' threads rank a block each.
    """
    for row in range(len(scores)):
        own = slice(pos_crow[row], pos_crow[row + 1])
        masked = seen[seen_crow[row] : seen_crow[row + 1]]
        finite[row] = _count_user(scores[row], masked, pos[own], above[own], tied[own])
        if top.shape[1] > 0:
            _top_user(scores[row], masked, users[row], top[row])


@njit(cache=True)
def put_first(
    crow: Array,
    items: Array,
    above: Array,
    tied: Array,
    scores: Array,
    chosen: Array,
    chosen_scores: Array,
    out_items: Array,
    out_above: Array,
    out_tied: Array,
) -> None:
    """Fill the last three, see `muso_exp.features.ranking.put_first`."""
    for row in range(len(chosen)):
        own = chosen[row][chosen[row] >= 0]
        place = crow[row]
        for rank in range(len(own)):
            for entry in range(crow[row], crow[row + 1]):
                if items[entry] == own[rank]:
                    out_items[place], out_above[place], out_tied[place] = own[rank], rank, 1
                    place += 1
        for entry in range(crow[row], crow[row + 1]):
            if (own == items[entry]).any():
                continue
            passed = chosen_scores[row, : len(own)] <= scores[entry]
            equal = chosen_scores[row, : len(own)] == scores[entry]
            out_items[place] = items[entry]
            out_above[place] = above[entry] + passed.sum()
            out_tied[place] = tied[entry] - equal.sum()
            place += 1
