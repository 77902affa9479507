"""Per-user ranking measures from the ranks of the held-out items alone.

Notation, for one user: m held-out items among n candidates; a held-out item has `above`
candidates over it and ties with `tied` candidates, itself counted. Where several held-out items
share a tie of length s that begins below rank t, each of the s places holds one of the r held-out
ones with probability r / s, and the value is the exact expectation over all orders of the tie.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

Array = np.ndarray
CLICK_PAGE, CLICK_DEPTH = 10, 500  # items on a page, and items until the user gives up
_PER_CUTOFF = ("ap", "ndcg", "recall", "precision", "hit_rate")


def column_names(cutoffs: Sequence[int]) -> list[str]:
    """Return the names of the columns of `user_columns`, in order."""
    per_cutoff = [f"{name}_at_{k}" for k in cutoffs for name in _PER_CUTOFF]
    return ["auc", "r_precision", "clicks", "n_positives", *per_cutoff]


def user_columns(
    above: np.ndarray,
    tied: np.ndarray,
    crow: np.ndarray,
    n_candidates: np.ndarray,
    cutoffs: Sequence[int],
) -> dict[str, np.ndarray]:
    """Return the ranking measures of each user.

    Args:
        above: candidates above each held-out item, shape (n_positives,), ascending in a user.
        tied: candidates that it ties with, itself counted, shape (n_positives,).
        crow: where each user's held-out items begin and end, shape (n_users + 1,).
        n_candidates: items that could be recommended to each user, shape (n_users,).
        cutoffs: the k, each >= 1.

    Returns:
        Columns of shape (n_users,), float64:

        - `auc`: share of pairs (held-out, other candidate) in the right order, a tie one half;
          NaN where every candidate is held out.
        - `ap_at_k`: sum over ranks i <= k of P(i) rel(i), over min(m, k).
        - `ndcg_at_k`: sum over ranks i <= k of rel(i) / log2(i + 1), over its largest value.
        - `recall_at_k`, `precision_at_k`: held-out items in the first k, over m and over k.
        - `hit_rate_at_k`: whether there is one in the first k.
        - `r_precision`: held-out items in the first m, over m.
        - `clicks`: pages of 10 to turn before the first held-out item; 51 if not in the first 500.
        - `n_positives`: m.

    Raises:
        ValueError: a cutoff below 1.

    Source: thesis section 6.2.1 (AP, where its formula lacks rel(k)); RecSys Challenge 2018
    (R-precision, nDCG, clicks); expectations over ties: McSherry and Najork, ECIR 2008.
    Deviation: R-precision counts tracks only, without the challenge's credit for artists.
    """
    if min(cutoffs, default=1) < 1:
        raise ValueError(f"cutoffs must be >= 1, got {list(cutoffs)}")
    names = column_names(cutoffs)
    out = np.zeros((len(names), len(crow) - 1))
    ks = np.array(cutoffs, dtype=np.int64)
    longest = max([int(k) for k in cutoffs], default=0)
    gains = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(longest) + 2))])
    _user_columns(above, tied, crow, n_candidates, ks, gains, out)
    return dict(zip(names, out, strict=True))


@njit(cache=True)
def _user_columns(
    above: Array,
    tied: Array,
    crow: Array,
    n_candidates: Array,
    cutoffs: Array,
    gains: Array,
    out: Array,
) -> None:
    for user in range(len(crow) - 1):
        own_above = above[crow[user] : crow[user + 1]]
        own_tied = tied[crow[user] : crow[user + 1]]
        m = len(own_above)
        out[0, user] = _auc(own_above, own_tied, n_candidates[user])
        out[1, user] = _hits(own_above, own_tied, m) / m
        out[2, user] = _clicks(own_above, own_tied)
        out[3, user] = m
        for c in range(len(cutoffs)):
            k = cutoffs[c]
            hits = _hits(own_above, own_tied, k)
            out[4 + 5 * c, user] = _precision_sum(own_above, own_tied, k) / min(m, k)
            out[5 + 5 * c, user] = _gain(own_above, own_tied, k, gains) / gains[min(m, k)]
            out[6 + 5 * c, user] = hits / m
            out[7 + 5 * c, user] = hits / k
            out[8 + 5 * c, user] = 1 - _miss(own_above, own_tied, k)


@njit(cache=True)
def _auc(above: Array, tied: Array, n_candidates: int) -> float:
    """A held-out item beats n - above - tied candidates, and half of those it ties with.

    Pairs of two held-out items are in it as well, m (m - 1) / 2 of them, and are taken off.
    """
    m = len(above)
    if m == n_candidates:
        return np.nan
    won = 0.0
    for j in range(m):
        won += n_candidates - above[j] - tied[j] + (tied[j] - 1) / 2
    return (won - m * (m - 1) / 2) / (m * (n_candidates - m))


@njit(cache=True)
def _group_end(above: Array, j: int) -> int:
    end = j + 1
    while end < len(above) and above[end] == above[j]:
        end += 1
    return end


@njit(cache=True)
def _hits(above: Array, tied: Array, k: int) -> float:
    hits = 0.0
    for j in range(len(above)):
        if above[j] >= k:
            break
        hits += min(k - above[j], tied[j]) / tied[j]
    return hits


@njit(cache=True)
def _gain(above: Array, tied: Array, k: int, gains: Array) -> float:
    total = 0.0
    for j in range(len(above)):
        if above[j] >= k:
            break
        total += (gains[min(k, above[j] + tied[j])] - gains[above[j]]) / tied[j]
    return total


@njit(cache=True)
def _precision_sum(above: Array, tied: Array, k: int) -> float:
    """At place i of a tie: rel with probability r / s, then (i - 1)(r - 1) / (s - 1) hits in it."""
    total, j = 0.0, 0
    while j < len(above) and above[j] < k:
        end = _group_end(above, j)
        r, s, t = end - j, tied[j], above[j]
        slope = (r - 1) / (s - 1) if s > 1 else 0.0
        for i in range(1, min(s, k - t) + 1):
            total += r / s * (j + 1 + (i - 1) * slope) / (t + i)
        j = end
    return total


@njit(cache=True)
def _miss(above: Array, tied: Array, k: int) -> float:
    """Return the probability that no held-out item is in the first k."""
    r, s = _group_end(above, 0), tied[0]
    places = min(k - above[0], s)
    miss = 1.0
    for taken in range(r):
        if places > 0:
            miss *= max(s - places - taken, 0) / (s - taken)
    return miss


@njit(cache=True)
def _clicks(above: Array, tied: Array) -> float:
    clicks = 2 * _miss(above, tied, CLICK_DEPTH)
    for page in range(1, CLICK_DEPTH // CLICK_PAGE):
        clicks += _miss(above, tied, page * CLICK_PAGE)
    return clicks
