"""Drawing a share of each user's items by keys, each of its seed, user and item alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numba import njit
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import drawn_counts

GAMMA = np.uint64(0x9E3779B97F4A7C15)  # this and the next two: splitmix64
FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
DIGITS = 15  # hexadecimal ones of the md5 of an id that is text: 60 bits


def item_keys(ids: pd.Series | np.ndarray) -> np.ndarray:
    """Return the numbers that items are drawn by, shape (n_items,), int64.

    Args:
        ids: of the items; whole numbers as they are, text by the first 60 bits of its md5.
    """
    if pd.api.types.is_integer_dtype(ids):
        return np.asarray(ids, dtype=np.int64)
    digests = (hashlib.md5(str(one).encode(), usedforsecurity=False) for one in ids)
    return np.array([int(digest.hexdigest()[:DIGITS], 16) for digest in digests], dtype=np.int64)


def user_keys(users: np.ndarray, seed: int) -> np.ndarray:
    """Return what the keys of a user's plays begin with, mix(mix(seed) ^ user), (n_users,), int64.

    Args:
        users: number of each user, shape (n_users,).
        seed: of the draw.
    """
    start = mix(np.array([seed], dtype=np.uint64))
    return mix(start ^ users.astype(np.int64).view(np.uint64)).view(np.int64)


def draw_by_key(
    plays: csr_matrix, share: float, seed: int, users: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """Draw a share of each user's items: those with the least keys.

    A play's key is mix(mix(mix(seed) ^ user) ^ item), read as a signed number, where mix is the
    step of splitmix64 from a state. It does not change with what other plays, users and items are
    in the matrix, and any engine with whole numbers of 64 bits finds the same. No two items of a
    user have one key unless their numbers are equal; then the first is drawn.

    Args:
        plays: play counts, shape (n_users, n_items), indices ascending.
        share: of a user's items, rounded; a user with two or more keeps and gives at least one.
        seed: of the draw.
        users: number of each user, shape (n_users,).
        items: number of each item, see `item_keys`, shape (n_items,).

    Returns:
        Which stored entries are drawn, shape (n_plays,), bool.

    Raises:
        ValueError: a share outside 0..1.

    Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
    Deviation: it hashes numbers; the paper steps through them.
    """
    drawn = np.zeros(plays.nnz, dtype=bool)
    wanted = drawn_counts(np.diff(plays.indptr), share)
    if share:
        own = user_keys(users, seed).view(np.uint64)
        numbers = items.astype(np.int64).view(np.uint64)
        _draw(plays.indptr, plays.indices, wanted, own, numbers, drawn)
    return drawn


@njit(cache=True)
def mix(value: np.ndarray) -> np.ndarray:
    """Return numbers of 64 bits mixed, each to one of its own; of any shape, uint64."""
    value = value + GAMMA
    value = (value ^ (value >> SHIFTS[0])) * FACTORS[0]
    value = (value ^ (value >> SHIFTS[1])) * FACTORS[1]
    return value ^ (value >> SHIFTS[2])


@njit(cache=True)
def _draw(
    indptr: np.ndarray,
    indices: np.ndarray,
    wanted: np.ndarray,
    own: np.ndarray,
    items: np.ndarray,
    drawn: np.ndarray,
) -> None:
    """Mark the entries with the `wanted` (n_users,) least keys of each row."""
    longest = 0
    for u in range(len(wanted)):
        longest = max(longest, indptr[u + 1] - indptr[u])
    keys = np.empty(longest, np.int64)
    for u in range(len(wanted)):
        first, n = indptr[u], indptr[u + 1] - indptr[u]
        if wanted[u] == 0:
            continue
        for place in range(n):
            keys[place] = np.int64(mix(own[u] ^ items[indices[first + place]]))
        edge = np.partition(keys[:n], wanted[u] - 1)[wanted[u] - 1]
        left = wanted[u]
        for place in range(n):
            if keys[place] < edge:
                drawn[first + place] = True
                left -= 1
        for place in range(n):
            if keys[place] == edge and left > 0:
                drawn[first + place] = True
                left -= 1
