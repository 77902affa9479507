"""How alike tastes are at each distance in the graph, over all pairs of users, and by degree."""

from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import dtrmm
from scipy.sparse import csr_matrix

FEW = 0.02  # share of the cells below which pairs are added one by one


class ByDistance(NamedTuple):
    """Mean similarity of pairs of users at each distance.

    Attributes:
        distance: steps between the users, ascending; 0 stands for pairs without a path.
        n_pairs: unordered pairs at each distance, shape (n_distances,).
        mean: similarity of these pairs, shape (n_distances,).
        samples: the same for resampled users, shape (n_resamples, n_distances).
    """

    distance: np.ndarray
    n_pairs: np.ndarray
    mean: np.ndarray
    samples: np.ndarray


def similarity_by_distance(
    similarity: np.ndarray, distances: np.ndarray, user_weights: np.ndarray, at_least: int = 50
) -> ByDistance:
    """Return the mean similarity of all pairs at each distance.

    Args:
        similarity: of users, symmetric, shape (n_users, n_users).
        distances: steps between them, -1 without a path, same shape.
        user_weights: how often each user is drawn, shape (n_resamples, n_users); a pair counts as
            the product of both.
        at_least: pairs that a distance needs.
    """
    sizes, means, samples, kept = [], [], [], []
    for value in np.unique(distances[distances != 0]):
        at = (distances == value).astype(np.float64)
        np.fill_diagonal(at, 0)
        if at.sum() / 2 < at_least:
            continue
        total, count = similarity * at, at
        weighted, drawn = _of_pairs(total, user_weights), _of_pairs(count, user_weights)
        kept.append(max(int(value), 0))
        sizes.append(int(at.sum() / 2))
        means.append(total.sum() / at.sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            samples.append(weighted / drawn)
    order = np.argsort([value or np.inf for value in kept])  # pairs without a path last
    return ByDistance(
        np.array(kept)[order],
        np.array(sizes)[order],
        np.array(means)[order],
        np.stack(samples, axis=1)[:, order],
    )


def _of_pairs(values: np.ndarray, user_weights: np.ndarray) -> np.ndarray:
    """Return w' V w under each row w of the weights (n_resamples, n_users), (n_resamples,).

    Of symmetric values V (n_users, n_users), 0 on the diagonal: twice those of each pair once.
    """
    once = np.triu(values, 1)
    drawn = np.asarray(user_weights, dtype=np.float64).T  # (n_users, n_resamples)
    if np.count_nonzero(once) < FEW * once.size:
        product = csr_matrix(once) @ drawn
    else:
        product = dtrmm(1.0, once.T, drawn, lower=1)
    return 2 * np.einsum("ur,ur->r", product, drawn)
