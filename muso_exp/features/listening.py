"""From play counts to the input vector of a pair of users."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor


def log_plays(plays: csr_matrix) -> csr_matrix:
    """Return log(1 + plays) of the stored entries, shape kept (n_users, n_items)."""
    return csr_matrix(plays, dtype=np.float64).log1p()


def zscore_users(plays: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Standardise each user's play counts over the items of one category.

    Args:
        plays: play counts, shape (n_users, n_items); an absent entry is 0 plays.

    Returns:
        Vectors (n_users, n_items), float32, each of mean 0 and population standard deviation 1, and
        which users have any spread (n_users,), bool. Without spread (no known item, or all items
        alike) a vector is zero, and `pair_scales` says what becomes of it.

    Source: MuSo, "User Data and Vectorization". Deviation: none.
    """
    counts = csr_matrix(plays, dtype=np.float64, copy=True)
    counts.sum_duplicates()
    n_users, n_items = counts.shape
    row, column = np.repeat(np.arange(n_users), np.diff(counts.indptr)), counts.indices
    mean = np.asarray(counts.mean(axis=1)).ravel()  # (n_users,)
    centred = counts.data - mean[row]  # of the stored entries; an absent one is -mean
    n_absent = n_items - np.diff(counts.indptr)
    square = np.bincount(row, centred**2, minlength=n_users) + n_absent * mean**2
    spread = counts.max(axis=1).toarray() - counts.min(axis=1).toarray()  # (n_users, 1)
    has_spread = spread[:, 0] > 0
    std = np.where(has_spread, np.sqrt(square / n_items), np.inf)
    values = np.repeat((-mean / std).astype(np.float32)[:, None], n_items, axis=1)
    values[row, column] = centred / std[row]
    return values, has_spread


def item_statistics(plays: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and population standard deviation of each item's plays, both (n_items,).

    Args:
        plays: play counts of the users to fit on (the train users), shape (n_users, n_items).
    """
    counts = csr_matrix(plays, dtype=np.float64)
    mean = np.asarray(counts.mean(axis=0)).ravel()
    square = np.asarray(counts.multiply(counts).mean(axis=0)).ravel()
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def zscore_items(plays: csr_matrix, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Standardise each item's plays by statistics of the train users.

    Args:
        plays: play counts, shape (n_users, n_items).
        mean: of each item over the train users, shape (n_items,).
        std: of each item over the train users, shape (n_items,).

    Returns:
        Vectors (n_users, n_items), float32; an item without spread in train is 0 for everybody.

    Source: MuSo, "User Data and Vectorization": "subtracting the mean value for each item and then
    dividing by the standard deviation". Deviation: none from this sentence; the code does
    `zscore_users` and `pair_scales` instead.
    """
    counts = (plays.toarray() - mean) / np.where(std > 0, std, np.inf)
    return counts.astype(np.float32)


def pair_scales(has_spread: np.ndarray, sizes: Sequence[int], repair: bool) -> np.ndarray:
    """Return what the z-scores per pair and over the whole vector still multiply each block by.

    Each user's vector already has mean 0 and variance 1 or 0, so that every later z-score is a mere
    division: by sqrt(share of the two users with spread) per pair and category, then by sqrt(share
    of inputs in categories with spread) over the whole vector.

    Args:
        has_spread: whether each user's vector has any spread, shape (n_pairs, 2, n_categories).
        sizes: items of each category.
        repair: leave a vector without spread zero; otherwise 0 / 0 = NaN spreads over the whole
            pair, as published.

    Returns:
        Factor of each category's block, shape (n_pairs, n_categories), float32.

    Source: MuSo, its code. Deviation: the closed form, equal to three z-scores up to rounding.
    """
    share = has_spread.mean(axis=1)  # (n_pairs, n_categories)
    known = share > 0
    weight = np.asarray(sizes, dtype=np.float64) / np.sum(sizes)
    whole = (known * weight).sum(axis=1, keepdims=True)  # (n_pairs, 1)
    variance = share * whole
    scales = np.where(known, 1 / np.sqrt(np.where(known, variance, 1.0)), 0.0)
    if not repair:
        scales[~has_spread.all(axis=(1, 2))] = np.nan
    return scales.astype(np.float32)


def shuffled_orders(rows: Sequence[int], n_items: int, key: Sequence[int]) -> Tensor:
    """Return a permutation of the items for each row, keyed by (key, row) and nothing else.

    Args:
        rows: row numbers in the split, n_rows of them.
        n_items: items to permute.
        key: seed and number of the split.

    Returns:
        Permutations, shape (n_rows, n_items), int64.
    """
    orders = np.empty((len(rows), n_items), dtype=np.int64)
    for order, row in zip(orders, rows, strict=True):
        order[:] = _shuffled((*key, int(row)), n_items)
    return torch.from_numpy(orders)


@lru_cache(maxsize=512)  # of the pairs of an epoch, or of those that are probed again and again
def _shuffled(key: tuple[int, ...], n_items: int) -> np.ndarray:
    return np.random.default_rng(key).permutation(n_items)


def pair_vectors(
    blocks: Sequence[Tensor],
    pairs: Tensor,
    scales: Tensor | None = None,
    orders: Sequence[Tensor | None] | None = None,
) -> Tensor:
    """Lay out the input vectors of pairs: category by category, each block [user 1; user 2].

    Args:
        blocks: user vectors of each category, shapes (n_users, n_items).
        pairs: row of user 1 and of user 2 in the blocks, shape (n_pairs, 2), int64.
        scales: factor of each block, shape (n_pairs, n_categories); None means 1.
        orders: per category a permutation of its items for each pair, shape (n_pairs, n_items),
            shared by the two users; None means the fixed order.

    Returns:
        Vectors, shape (n_pairs, 2 * total items).
    """
    ends = np.cumsum([2 * block.shape[1] for block in blocks])
    vectors = blocks[0].new_empty(len(pairs), int(ends[-1]))  # (n_pairs, input_dim)
    for c, (block, end) in enumerate(zip(blocks, ends, strict=True)):
        n_items = block.shape[1]
        users = block[pairs]  # (n_pairs, 2, n_items)
        order = None if orders is None else orders[c]
        if order is not None:
            users = users.gather(2, order[:, None].expand_as(users))
        if scales is not None:
            users = users * scales[:, c, None, None]
        vectors[:, end - 2 * n_items : end] = users.flatten(1)
    return vectors
