"""Play counts as a sparse matrix: merging items, keeping what has enough plays, splitting."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix

from muso_exp.memory import new_array

BLOCK = 2**22  # stored entries looked at at once: the whole may be hundreds of millions


def sum_plays(
    users: np.ndarray, items: np.ndarray, plays: np.ndarray, n_users: int, n_items: int
) -> csr_matrix:
    """Return play counts (n_users, n_items), int64, indices ascending, repeated cells summed.

    Args:
        users: user of each row, shape (n_rows,).
        items: item of each row, shape (n_rows,).
        plays: of each row, > 0, shape (n_rows,).
        n_users: number of users.
        n_items: number of items.

    Raises:
        ValueError: a user or item out of range, or a play count below 1.
    """
    if len(plays) and plays.min() < 1:
        raise ValueError(f"plays must be >= 1, got {plays.min()}")
    for name, values, size in (("user", users, n_users), ("item", items, n_items)):
        if len(values) and not 0 <= values.min() <= values.max() < size:
            raise ValueError(f"{name} numbers must be 0..{size - 1}, got up to {values.max()}")
    matrix = csr_matrix((plays.astype(np.int64), (users, items)), shape=(n_users, n_items))
    matrix.sum_duplicates()
    return matrix


def merge_items(plays: csr_matrix, group: np.ndarray, n_groups: int) -> csr_matrix:
    """Sum the columns of each group of items; the total is kept.

    Args:
        plays: play counts, shape (n_users, n_items).
        group: number of each item's group, shape (n_items,).
        n_groups: number of groups.

    Returns:
        Play counts, shape (n_users, n_groups).
    """
    parts = (plays.data.copy(), group.astype(np.int32)[plays.indices], plays.indptr.copy())
    merged = csr_matrix(parts, shape=(plays.shape[0], n_groups))
    merged.sum_duplicates()
    return merged


def dense_core(plays: csr_matrix, min_items: int, min_users: int) -> tuple[np.ndarray, np.ndarray]:
    """Drop users with few items and items with few users, again and again until none is left.

    Args:
        plays: play counts, shape (n_users, n_items).
        min_items: different items that a user needs.
        min_users: different users that an item needs.

    Returns:
        The users kept and the items kept, ascending.

    Source: the k-core of a bipartite graph (Seidman 1983). Deviation: a k for each side.
    """
    users, items = np.ones(plays.shape[0], bool), np.ones(plays.shape[1], bool)
    while True:
        n_items, n_users = np.zeros(len(users), np.int64), np.zeros(len(items), np.int64)
        _count_kept(plays.indptr, plays.indices, users, items, n_items, n_users)
        kept_users, kept_items = users & (n_items >= min_items), items & (n_users >= min_users)
        if (kept_users == users).all() and (kept_items == items).all():
            return np.flatnonzero(users), np.flatnonzero(items)
        users, items = kept_users, kept_items


@njit(cache=True)
def _count_kept(
    indptr: np.ndarray,
    indices: np.ndarray,
    users: np.ndarray,
    items: np.ndarray,
    n_items: np.ndarray,
    n_users: np.ndarray,
) -> None:
    """Count the kept items of each user, and the kept users of each item."""
    for u in range(len(users)):
        for place in range(indptr[u], indptr[u + 1]):
            n_items[u] += items[indices[place]]
            n_users[indices[place]] += users[u]


def item_listeners(plays: csr_matrix) -> np.ndarray:
    """Return how many users play each item, shape (n_items,), int64; `plays` (n_users, n_items)."""
    counts = np.zeros(plays.shape[1], np.int64)
    for start in range(0, plays.nnz, BLOCK):
        counts += np.bincount(plays.indices[start : start + BLOCK], minlength=len(counts))
    return counts


def item_plays(plays: csr_matrix) -> np.ndarray:
    """Return the plays of each item, shape (n_items,), float64; `plays` (n_users, n_items)."""
    total = np.zeros(plays.shape[1])
    for start in range(0, plays.nnz, BLOCK):
        part = slice(start, start + BLOCK)
        total += np.bincount(plays.indices[part], plays.data[part], len(total))
    return total


def select_entries(plays: csr_matrix, users: np.ndarray, items: np.ndarray) -> csr_matrix:
    """Return chosen rows and columns, in the order given, without a matrix in between.

    Args:
        plays: play counts, shape (n_users, n_items), indices ascending.
        users: numbers of rows, shape (n,).
        items: numbers of columns, none twice, shape (m,).

    Returns:
        Shape (n, m), indices ascending; `plays` itself where all is chosen as it stands.
    """
    place = np.full(plays.shape[1], -1, dtype=np.int32)
    place[items] = np.arange(len(items))
    same = np.array_equal(users, np.arange(plays.shape[0]))
    if same and np.array_equal(items, np.arange(plays.shape[1])):
        return plays
    sizes = np.zeros(len(users), np.int64)
    _count_chosen(plays.indptr, plays.indices, users, place, sizes)
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    indices, data = new_array(indptr[-1], np.int32), new_array(indptr[-1], plays.dtype)
    _fill_chosen(plays.indptr, plays.indices, plays.data, users, place, indices, data)
    chosen = csr_matrix((data, indices, indptr), shape=(len(users), len(items)))
    if not (np.diff(items) > 0).all():
        chosen.has_sorted_indices = False
        chosen.sort_indices()
    return chosen


def row_counts(plays: csr_matrix, items: np.ndarray) -> np.ndarray:
    """Return how many of the items where `items` (n_items,) is true each row has, (n_users,)."""
    counts = np.zeros(plays.shape[0], np.int64)
    place = np.where(items, 0, -1).astype(np.int32)
    _count_chosen(plays.indptr, plays.indices, np.arange(len(counts)), place, counts)
    return counts


@njit(cache=True)
def _count_chosen(
    indptr: np.ndarray,
    indices: np.ndarray,
    users: np.ndarray,
    place: np.ndarray,
    sizes: np.ndarray,
) -> None:
    for n in range(len(users)):
        for entry in range(indptr[users[n]], indptr[users[n] + 1]):
            sizes[n] += place[indices[entry]] >= 0


@njit(cache=True)
def fill_rows(
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    ends: np.ndarray,
    indices: np.ndarray,
    plays: np.ndarray,
) -> None:
    """Write cells behind those that their rows have already.

    It stands apart from what reads files: numba never lets go of the module of a loop that it has
    loaded from its cache, and DuckDB reports each object that is alive at the end.

    Args:
        users: row of each cell, in range, shape (n,).
        items: column of each cell, shape (n,).
        values: of each cell, shape (n,).
        ends: next free place of each row, shape (n_users,), moved on.
        indices: columns of all cells, written.
        plays: values of all cells, written.
    """
    for n in range(len(users)):
        place = ends[users[n]]
        indices[place], plays[place] = items[n], values[n]
        ends[users[n]] = place + 1


@njit(cache=True)
def _fill_chosen(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    users: np.ndarray,
    place: np.ndarray,
    chosen: np.ndarray,
    values: np.ndarray,
) -> None:
    end = 0
    for n in range(len(users)):
        for entry in range(indptr[users[n]], indptr[users[n] + 1]):
            if place[indices[entry]] >= 0:
                chosen[end], values[end] = place[indices[entry]], data[entry]
                end += 1


def draw_entries(plays: csr_matrix, share: float, seed: int) -> np.ndarray:
    """Draw a share of each user's items.

    Args:
        plays: play counts, shape (n_users, n_items), indices ascending.
        share: of a user's items, rounded; a user with two or more keeps and gives at least one.
        seed: of the draw.

    Returns:
        Which stored entries are drawn, shape (n_plays,), bool.

    Raises:
        ValueError: a share outside 0..1.
    """
    drawn = np.zeros(plays.nnz, dtype=bool)
    wanted = drawn_counts(np.diff(plays.indptr), share)
    rng = np.random.default_rng(seed)
    for first, last in _user_blocks(plays.indptr) if share else ():
        start, stop = plays.indptr[first], plays.indptr[last]
        sizes = np.diff(plays.indptr[first : last + 1])
        users = np.repeat(np.arange(len(sizes)), sizes)
        order = np.lexsort([rng.random(stop - start), users])
        place = np.empty(stop - start, dtype=np.int64)  # of each entry in its user's random order
        begins = plays.indptr[first:last] - start
        place[order] = np.arange(stop - start) - np.repeat(begins, sizes)
        drawn[start:stop] = place < wanted[first:last][users]
    return drawn


def drawn_counts(sizes: np.ndarray, share: float) -> np.ndarray:
    """Return how many items of each user are drawn, shape (n_users,), int64.

    Args:
        sizes: items of each user, shape (n_users,).
        share: of a user's items, rounded, half to even; of two or more one at least is drawn and
            one left; of a share of 0 none.

    Raises:
        ValueError: a share outside 0..1.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share must be >= 0 and < 1, got {share}")
    if share == 0:
        return np.zeros(len(sizes), np.int64)
    return np.clip(np.round(share * sizes), 1, np.maximum(sizes - 1, 0)).astype(np.int64)


def _user_blocks(indptr: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield ranges of users with about `BLOCK` entries each."""
    edges = np.searchsorted(indptr, np.arange(BLOCK, int(indptr[-1]), BLOCK))
    bounds = np.unique(np.concatenate([[0], edges, [len(indptr) - 1]])).tolist()
    yield from pairwise(bounds)


def keep_entries(plays: csr_matrix, kept: np.ndarray) -> csr_matrix:
    """Return `plays` with the stored entries where `kept` (n_plays,) is true; itself if all are."""
    if kept.all():
        return plays
    before = _kept_before(plays.indptr, kept)
    chosen = [new_array(before[-1], part.dtype) for part in (plays.data, plays.indices)]
    end = 0
    for start in range(0, len(kept), BLOCK):
        block = slice(start, start + BLOCK)
        begin, end = end, end + int(kept[block].sum())
        for part, target in zip((plays.data, plays.indices), chosen, strict=True):
            target[begin:end] = part[block][kept[block]]
    return csr_matrix((*chosen, before), shape=plays.shape)


def _kept_before(indptr: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return how many of the entries before each row are kept, shape (n_rows + 1,), int64."""
    before, total = np.zeros(len(indptr), np.int64), 0
    for start in range(0, len(kept), BLOCK):
        counts = np.cumsum(kept[start : start + BLOCK])
        first, last = np.searchsorted(indptr, [start, start + len(counts)], side="right")
        before[first:last] = total + counts[indptr[first:last] - start - 1]
        total += int(counts[-1])
    return before
