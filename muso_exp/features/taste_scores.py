"""How alike two users listen: scores of pairs from what they play, without their friendships.

A user without listening is like no other: their scores are 0.
"""

from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from muso_exp.features.als import FactorOptions, fit_factors
from muso_exp.features.networks import RowScores

Weight = Literal["raw", "binary", "log", "idf"]


def weighted_plays(plays: csr_matrix, weight: Weight) -> csr_matrix:
    """Return what each play count weighs, same shape, float32.

    Args:
        plays: play counts, shape (n_users, n_items).
        weight: `raw` counts, `binary` ones, `log`, log(1 + plays), or `idf`, log(1 + plays) x
            log(n_users / listeners of the item).
    """
    bent = csr_matrix(plays, dtype=np.float32, copy=True)
    if weight == "binary":
        bent.data[:] = 1
    if weight in ("log", "idf"):
        bent.data = np.log1p(bent.data)
    if weight == "idf":
        listeners = np.maximum(plays.getnnz(axis=0), 1)
        bent = csr_matrix(bent @ diags_array(np.log(plays.shape[0] / listeners).astype(np.float32)))
    return bent


def taste_cosine(plays: csr_matrix, weight: Weight) -> RowScores:
    """Score two users by the cosine of what they play, weighed as by `weighted_plays`."""
    unit = normalize(weighted_plays(plays, weight))
    other = csr_matrix(unit.T)
    return lambda users: (unit[users] @ other).toarray()


def shared_items(plays: csr_matrix, rare: bool) -> RowScores:
    """Score two users by the number of items that both play.

    Args:
        plays: play counts, shape (n_users, n_items).
        rare: an item with d listeners counts 1 / log d, as a common friend does with Adamic and
            Adar; else each counts 1.
    """
    heard = weighted_plays(plays, "binary")
    listeners = np.maximum(plays.getnnz(axis=0), 2)
    weights = 1 / np.log(listeners) if rare else np.ones(len(listeners))
    other = csr_matrix((heard @ diags_array(weights.astype(np.float32))).T)
    return lambda users: (heard[users] @ other).toarray()


def svd_vectors(plays: csr_matrix, weight: Weight, n_dims: int) -> np.ndarray:
    """Return unit vectors of users in the leading singular vectors of what they play.

    Args:
        plays: play counts, shape (n_users, n_items).
        weight: see `weighted_plays`; each user's row is then brought to length 1.
        n_dims: number of singular vectors, fewer in a small data set.

    Returns:
        Shape (n_users, n_dims), float32; zeros of a user without listening.

    Source: latent semantic analysis, Deerwester et al. 1990. Deviation: the SVD is the randomised
    one of Halko, Martinsson and Tropp 2011.
    """
    rows = normalize(weighted_plays(plays, weight))
    size = min(n_dims, min(rows.shape) - 1)
    if size < 1 or rows.nnz == 0:
        return np.zeros((rows.shape[0], 1), dtype=np.float32)
    left, values, _ = randomized_svd(rows, size, n_oversamples=16, n_iter=4, random_state=0)
    vectors = left * values
    vectors[np.diff(rows.indptr) == 0] = 0
    return normalize(vectors).astype(np.float32)


def wmf_vectors(plays: csr_matrix, options: FactorOptions) -> np.ndarray:
    """Return unit vectors of users: their WMF factors, shape (n_users, n_factors), float32."""
    played = csr_matrix(plays, dtype=np.float32, copy=True)
    users, _ = fit_factors(played, options)
    users[np.diff(played.indptr) == 0] = 0
    return normalize(users)


def vector_cosine(vectors: np.ndarray) -> RowScores:
    """Score two users by the product of their unit vectors (n_users, n_dims)."""
    return lambda users: vectors[users] @ vectors.T
