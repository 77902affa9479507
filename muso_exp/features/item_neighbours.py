"""The items most alike to each item, by the cosine of who plays them (numba)."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from muso_exp.features.ranking_kernels import sink
from muso_exp.features.threads import parallel_njit

Array = np.ndarray
_CHUNKS = 64  # of items, dealt out to the threads; each holds sums with all items


def nearest_cosines(weights: csr_matrix, n_neighbours: int) -> csr_matrix:
    """Return each item's n_neighbours largest cosines to other items, in its row.

    Nothing is held beside the result, 8 bytes an entry, and the weights in double precision.

    Args:
        weights: of the items for each user, shape (n_users, n_items).
        n_neighbours: entries kept in a row, fewer where fewer are > 0.

    Returns:
        Similarities, shape (n_items, n_items), float32. Which of the items that tie for the last
        places are kept is drawn, so that it does not follow the order of the items.
    """
    units = csr_matrix(normalize(weights.astype(np.float64), axis=0))  # (n_users, n_items)
    n_items = units.shape[1]
    order = np.random.default_rng(0).permutation(n_items)
    drawn = csr_matrix(units[:, order])
    by_item = drawn.T.tocsr()
    kept = min(n_neighbours + 1, n_items)  # an item is its own nearest, and is left out
    values = np.empty(n_items * kept, dtype=np.float32)
    columns = np.empty(n_items * kept, dtype=np.int32)
    counts = np.zeros(n_items, dtype=np.int64)
    rows = (drawn.indptr, drawn.indices, drawn.data)
    items = (by_item.indptr, by_item.indices, by_item.data)
    _nearest(*rows, *items, order, kept, values, columns, counts)
    n_entries = _close_up(values, columns, counts, kept)
    starts = np.concatenate([[0], np.cumsum(counts)])
    similarity = csr_matrix((n_items, n_items), dtype=np.float32)
    similarity.data, similarity.indices = values[:n_entries], columns[:n_entries]
    similarity.indptr = starts.astype(np.int32 if n_entries < 2**31 else np.int64)
    return similarity


@parallel_njit()
def _nearest(
    user_starts: Array, user_items: Array, user_weights: Array,
    item_starts: Array, item_users: Array, item_weights: Array,
    order: Array, kept: int, values: Array, columns: Array, counts: Array,
) -> None:  # fmt: skip
    """Fill a row of `kept` places for each item, the items in the order before they were drawn."""
    n_items = len(order)
    for chunk in prange(_CHUNKS):
        sums = np.empty(n_items)
        touched, last = np.empty(n_items, dtype=np.int32), np.full(n_items, -1, dtype=np.int32)
        heap = (np.empty(kept), np.empty(kept, dtype=np.uint64), np.empty(kept, dtype=np.int32))
        for item in range(chunk, n_items, _CHUNKS):
            n_touched = 0
            for place in range(item_starts[item], item_starts[item + 1]):
                user, weight = item_users[place], item_weights[place]
                for entry in range(user_starts[user], user_starts[user + 1]):
                    other = user_items[entry]
                    if last[other] != item:
                        last[other], sums[other] = item, 0.0
                        touched[n_touched] = other
                        n_touched += 1
                    sums[other] += user_weights[entry] * weight
            _keep(sums, touched[:n_touched], heap)
            row = order[item]
            counts[row] = _write(heap, item, order, values, columns, row * kept)


@njit(cache=True)
def _keep(sums: Array, touched: Array, heap: tuple[Array, Array, Array]) -> None:
    """Fill the heap with the largest sums of the touched items, those touched last first."""
    scores, noises, items = heap
    scores[:], noises[:], items[:] = -np.inf, 0, -1
    for place in range(len(touched) - 1, -1, -1):
        item = touched[place]
        if sums[item] > scores[0]:
            sink(sums[item], np.uint64(item), item, heap)


@njit(cache=True)
def _write(
    heap: tuple[Array, Array, Array],
    itself: int,
    order: Array,
    values: Array,
    columns: Array,
    start: int,
) -> int:
    """Write what was kept but the item itself, ascending; return how many they are."""
    scores, _, items = heap
    n_kept = 0
    for place in range(len(items)):
        if items[place] >= 0 and items[place] != itself and scores[place] != 0:
            columns[start + n_kept] = order[items[place]]
            values[start + n_kept] = scores[place]
            n_kept += 1
    own = slice(start, start + n_kept)
    ascending = np.argsort(columns[own])
    columns[own], values[own] = columns[own][ascending], values[own][ascending]
    return n_kept


@njit(cache=True)
def _close_up(values: Array, columns: Array, counts: Array, kept: int) -> int:
    """Move rows of `kept` places together; return how many entries there are."""
    end = 0
    for row in range(len(counts)):
        for place in range(row * kept, row * kept + counts[row]):
            values[end], columns[end] = values[place], columns[place]
            end += 1
    return end
