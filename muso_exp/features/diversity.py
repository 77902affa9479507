"""Lists that are not too much alike: re-ranking for diversity, and how diverse a list is."""

from collections.abc import Sequence

import numpy as np
from numba import njit


def rerank(scores: np.ndarray, units: np.ndarray, k: int, diversity: float) -> np.ndarray:
    """Return the k items of a list that is relevant and diverse, by maximal marginal relevance.

    One item after another: the one with the largest (1 - diversity) * relevance - diversity *
    likeness, where relevance is the score scaled to 0..1 over the items, and likeness the largest
    cosine to an item that is taken already. An item of which nothing is known counts as like as the
    others are on average: it would pass for different from everything.

    Args:
        scores: of the items, larger is better, finite, shape (n_items,); -inf: not to be listed.
        units: vectors of the items of length 1, or 0 where nothing is known, (n_items, n_dims).
        k: how many, fewer where there are fewer.
        diversity: 0 leaves the order of the scores, 1 asks for nothing but difference.

    Returns:
        Places of the items, shape (k,), in the order taken; of equals the first.

    Raises:
        ValueError: diversity outside 0..1, or numbers of scores and vectors that differ.

    Source: Carbonell and Goldstein, SIGIR 1998. Deviation: relevance scaled to 0..1.
    """
    return rerank_each(scores, units, k, [diversity])[0]


def rerank_each(
    scores: np.ndarray, units: np.ndarray, k: int, diversities: Sequence[float]
) -> np.ndarray:
    """Return what `rerank` does at each of several diversities, shape (n_diversities, k)."""
    for diversity in diversities:
        if not 0 <= diversity <= 1:
            raise ValueError(f"diversity must be 0 to 1, got {diversity}")
    if len(scores) != len(units):
        raise ValueError(f"{len(scores)} scores for {len(units)} vectors")
    able, known = np.isfinite(scores), np.asarray(units.any(axis=1))
    k = min(k, int(able.sum()))
    scaled, places = _scaled(scores, able), np.arange(len(diversities))
    more = np.array(diversities, dtype=scaled.dtype)[:, None]
    less = np.array([1 - diversity for diversity in diversities], dtype=scaled.dtype)[:, None]
    relevance = np.where(able, less * scaled, -np.inf)  # (n_diversities, n_items)
    likeness = np.full(relevance.shape, -1.0, dtype=units.dtype)
    cosines = _cosines(units, known)
    taken = np.empty((len(diversities), k), dtype=np.int64)
    gain = relevance.copy()
    for place in range(k):
        taken[:, place] = own = gain.argmax(axis=1)
        relevance[places, own] = -np.inf
        np.maximum(likeness, cosines[own], out=likeness)
        gain = relevance - more * likeness
    return taken


def _cosines(units: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the cosines of items (n_items, n_items), their mean with what is not known."""
    cosines = units @ units.T
    if not known.all():
        of_known = np.ascontiguousarray(cosines[:, known])
        cosines[:, ~known] = of_known.mean(axis=1, keepdims=True) if known.any() else 0
    return cosines


def _scaled(scores: np.ndarray, able: np.ndarray) -> np.ndarray:
    low, high = (scores[able].min(), scores[able].max()) if able.any() else (0.0, 0.0)
    return (np.where(able, scores, low) - low) / ((high - low) or 1.0)


def list_diversity(lists: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return 1 - the mean cosine of the pairs of each list, NaN of a list without pairs.

    Args:
        lists: items of each list, -1 behind them, shape (n_rows, k).
        units: vectors of the items of length 1, or 0 where nothing is known, (n_items, n_dims); an
            item of which nothing is known is in no pair.

    Source: Ziegler et al., WWW 2005. Deviation: diversity, so 1 - their similarity.
    """
    own = units[lists] * (lists >= 0)[..., None]  # (n_rows, k, n_dims)
    n = own.any(axis=2).sum(axis=1)
    total = own.sum(axis=1)  # the sum of all cosines of pairs is |total|^2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, 1 - ((total**2).sum(axis=1) - n) / (n * (n - 1)), np.nan)


@njit(cache=True)
def vector_lengths(indptr: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Return the lengths of the vectors of a CSR (n_vectors, n_dims), (n_vectors,), float64."""
    lengths = np.zeros(len(indptr) - 1)
    for vector in range(len(lengths)):
        for place in range(indptr[vector], indptr[vector + 1]):
            lengths[vector] += np.float64(data[place]) ** 2
    return np.sqrt(lengths)


@njit(cache=True)
def squared_sums(
    places: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    lengths: np.ndarray,
    scratch: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Write the squared length of the sum of each list's unit vectors to `sums`.

    Args:
        places: rows of the vectors, -1 for none, shape (n_lists, n_top).
        indptr: of the vectors, a CSR of shape (n_vectors, n_dims).
        indices: of the vectors.
        data: of the vectors.
        lengths: of the vectors, shape (n_vectors,); one of length 0 adds nothing.
        scratch: zeros, shape (n_dims,), float64; zeros again at the end.
        sums: shape (n_lists,), float64.
    """
    for row in range(len(places)):
        total = 0.0
        for vector in places[row]:
            if vector >= 0 and lengths[vector] > 0:
                for place in range(indptr[vector], indptr[vector + 1]):
                    scratch[indices[place]] += data[place] / lengths[vector]
        for vector in places[row]:
            if vector >= 0:
                for place in range(indptr[vector], indptr[vector + 1]):
                    total += scratch[indices[place]] ** 2
                    scratch[indices[place]] = 0.0
        sums[row] = total
