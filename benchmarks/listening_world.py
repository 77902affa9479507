"""A made-up listening matrix of any size, for the benchmarks: a few hits, a few avid users."""

import numpy as np
from scipy.sparse import csr_matrix


def draw_plays(n_users: int, n_items: int, n_entries: int, seed: int = 0) -> csr_matrix:
    """Draw play counts, float32; items by Zipf's law, users log-normal.

    Args:
        n_users: rows; each is drawn at least ten times.
        n_items: columns.
        n_entries: wanted; what is drawn twice counts once, so up to a few per cent are missing.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(0, 1, n_users)
    sizes = np.maximum(rng.poisson(1.25 * n_entries * activity / activity.sum()), 10)
    users = np.repeat(np.arange(n_users), sizes)
    popularity = 1 / (np.arange(n_items) + 20) ** 0.8
    items = np.searchsorted(np.cumsum(popularity) / popularity.sum(), rng.random(len(users)))
    cells = np.unique(users * n_items + np.minimum(items, n_items - 1))
    if len(cells) > n_entries:
        cells = np.sort(rng.choice(cells, n_entries, replace=False))
    plays = np.ceil(rng.lognormal(1, 1.2, len(cells))).astype(np.float32)
    indptr = np.searchsorted(cells, np.arange(n_users + 1) * n_items)
    return csr_matrix((plays, (cells % n_items).astype(np.int32), indptr), (n_users, n_items))


def hold_out(plays: csr_matrix, share: float, seed: int = 1) -> tuple[csr_matrix, csr_matrix]:
    """Return train and held-out plays; each user keeps and gives at least one entry."""
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))
    order = np.lexsort([rng.random(plays.nnz), users])
    place = np.empty(plays.nnz, dtype=np.int64)
    place[order] = np.arange(plays.nnz) - plays.indptr[users]
    sizes = np.diff(plays.indptr)
    wanted = np.clip(np.round(share * sizes), 1, np.maximum(sizes - 1, 0))
    held = place < wanted[users]
    parts = []
    for kept in (~held, held):
        indptr = np.concatenate([[0], np.cumsum(kept)])[plays.indptr]
        parts.append(csr_matrix((plays.data[kept], plays.indices[kept], indptr), plays.shape))
    return parts[0], parts[1]
