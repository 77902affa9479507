"""Play counts as a sparse matrix: merging items, keeping what has enough plays, splitting."""

import numpy as np
from scipy.sparse import csr_matrix


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
    parts = (plays.data, group[plays.indices], plays.indptr)
    merged = csr_matrix(parts, shape=(plays.shape[0], n_groups), copy=True)
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
    heard = csr_matrix(plays, copy=True)
    heard.data = np.ones_like(heard.data)
    users, items = np.ones(plays.shape[0], bool), np.ones(plays.shape[1], bool)
    while True:
        n_items = heard @ items.astype(np.int64)  # (n_users,)
        n_users = heard.T @ users.astype(np.int64)  # (n_items,)
        kept_users, kept_items = users & (n_items >= min_items), items & (n_users >= min_users)
        if (kept_users == users).all() and (kept_items == items).all():
            return np.flatnonzero(users), np.flatnonzero(items)
        users, items = kept_users, kept_items


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
    if not 0 <= share < 1:
        raise ValueError(f"share must be >= 0 and < 1, got {share}")
    sizes = np.diff(plays.indptr)
    users = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort([np.random.default_rng(seed).random(plays.nnz), users])
    place = np.empty(plays.nnz, dtype=np.int64)  # of each entry in its user's random order
    place[order] = np.arange(plays.nnz) - np.repeat(plays.indptr[:-1], sizes)
    wanted = np.clip(np.round(share * sizes), 1 if share else 0, np.maximum(sizes - 1, 0))
    return place < wanted[users]


def keep_entries(plays: csr_matrix, kept: np.ndarray) -> csr_matrix:
    """Return `plays` with the stored entries where `kept` (n_plays,) is true."""
    before = np.concatenate([[0], np.cumsum(kept)])
    parts = (plays.data[kept], plays.indices[kept], before[plays.indptr])
    return csr_matrix(parts, shape=plays.shape)
