"""How the similarity of items changes as more users are listened to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

N_NEAREST = 10
MIN_LISTENERS = 5  # of all users, or an item has no similarity to speak of


@dataclass(frozen=True)
class Similarity:
    """Similarities of some items by a share of the users, means over draws of these.

    Attributes:
        n_users: of the share.
        nearest: mean cosine of each item to its ten nearest, shape (n_items,).
        other: of each item to one drawn item, shape (n_items,).
        kept: share of its ten nearest that are so by all users too, shape (n_items,).
    """

    n_users: int
    nearest: np.ndarray
    other: np.ndarray
    kept: np.ndarray


def similarity_by_users(
    plays: csr_matrix, shares: list[float], n_items: int, n_draws: int, seed: int
) -> list[Similarity]:
    """Return the similarities of the same items by growing shares of the users.

    The similarity of two items is the cosine of log(1 + plays) over the users.

    Args:
        plays: of training, shape (n_users, n_items).
        shares: of the users, each 0..1, ascending; the last is compared with.
        n_items: items that are looked at, drawn from those with `MIN_LISTENERS`.
        n_draws: of each share.
        seed: of the draws.

    Raises:
        ValueError: too few items with listeners.
    """
    rng = np.random.default_rng(seed)
    played = np.flatnonzero(np.diff(plays.indptr) > 0)
    logs = csr_matrix(plays[played], dtype=np.float32).log1p().tocsc()
    logs = logs[:, np.diff(logs.indptr) >= MIN_LISTENERS]
    if logs.shape[1] <= N_NEAREST:
        raise ValueError(
            f"{logs.shape[1]} items with {MIN_LISTENERS} listeners; at least {N_NEAREST + 1}"
        )
    asked = rng.permutation(logs.shape[1])[:n_items]
    other = (asked + rng.integers(1, logs.shape[1], len(asked))) % logs.shape[1]
    by_all = _cosines(csr_matrix(logs), asked)
    best = _nearest(by_all)
    return [
        _mean([_of(logs, share, asked, other, best, rng) for _ in range(n_draws)])
        for share in shares
    ]


def _of(
    logs: csr_matrix,
    share: float,
    asked: np.ndarray,
    other: np.ndarray,
    best: np.ndarray,
    rng: np.random.Generator,
) -> Similarity:
    n_users = max(round(share * logs.shape[0]), 2)
    users = rng.permutation(logs.shape[0])[:n_users]
    cosines = _cosines(csr_matrix(logs[users]), asked)
    nearest = _nearest(cosines)
    rows = np.arange(len(asked))
    kept = [len(np.intersect1d(*pair)) / N_NEAREST for pair in zip(nearest, best, strict=True)]
    return Similarity(
        n_users,
        cosines[rows[:, None], nearest].mean(axis=1),
        cosines[rows, other],
        np.array(kept),
    )


def _cosines(logs: csr_matrix, asked: np.ndarray) -> np.ndarray:
    """Return the cosines of some columns to all, (n_asked, n_items), -1 to themselves."""
    units = normalize(logs, axis=0).tocsc()
    found = (units[:, asked].T @ units).toarray()
    found[np.arange(len(asked)), asked] = -1
    return found


def _nearest(cosines: np.ndarray) -> np.ndarray:
    return np.argpartition(-cosines, N_NEAREST - 1, axis=1)[:, :N_NEAREST]


def _mean(draws: list[Similarity]) -> Similarity:
    columns = ("nearest", "other", "kept")
    means = (np.mean([getattr(one, name) for one in draws], axis=0) for name in columns)
    return Similarity(draws[0].n_users, *means)
