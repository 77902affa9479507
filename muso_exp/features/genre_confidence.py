"""How sure it is that an item is of a genre, from all that is known of it but its own genres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import normalize

from muso_exp.features.ridge import fit_ridge

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of the ridge regression, chosen by leaving out
N_FOLDS = 5
N_LISTENER_DIMS = 64  # of who listens to an item
N_BINS = 10  # of the calibration error


@dataclass(frozen=True)
class GenreConfidence:
    """Calibrated probabilities that listeners call an item by a genre.

    Attributes:
        confidence: shape (n_items, n_genres), float32.
        error: mean abs(stated probability - share that came true) over ten bins, of each genre, on
            items whose artists neither the regression nor the calibration has seen, (n_genres,).
        auc: P(an item of the genre scores above another one), the same way, (n_genres,).
    """

    confidence: np.ndarray
    error: np.ndarray
    auc: np.ndarray


def listener_vectors(plays: csr_matrix, seed: int) -> np.ndarray:
    """Return who listens to each item in few dimensions, (n_items, at most 64), rows of length 1.

    Args:
        plays: of training, shape (n_users, n_items).
        seed: of the reduction.
    """
    n_dims = min(N_LISTENER_DIMS, min(plays.shape) - 1)
    found = TruncatedSVD(n_dims, random_state=seed).fit_transform(csr_matrix(plays.T).log1p())
    return normalize(found).astype(np.float32)


def genre_confidence(
    x: np.ndarray, bears: np.ndarray, judged: np.ndarray, artist: np.ndarray
) -> GenreConfidence:
    """Learn genres from vectors and calibrate them, over folds that are disjoint in artists.

    An item's probability comes from regressions and calibrations of other artists' items.

    Args:
        x: what is known of the items but their genres, shape (n_items, n_dims).
        bears: whether an item is called by a genre, shape (n_items, n_genres), bool.
        judged: items of which it is known, shape (n_items,), bool; the others are only predicted.
        artist: number of each item's artist, shape (n_items,).

    Raises:
        ValueError: fewer judged artists than folds.

    """
    items = np.flatnonzero(judged)
    if len(np.unique(artist[items])) < N_FOLDS:
        raise ValueError(f"at least {N_FOLDS} artists with genres are needed")
    folds = list(GroupKFold(N_FOLDS).split(items, groups=artist[items]))
    scores = np.zeros(bears.shape)
    for train, test in folds:
        solution = _fitted(x, bears, items[train])
        scores[items[test]] = x[items[test]] @ solution[0] + solution[1]
    weight, bias = _fitted(x, bears, items)
    scores[~judged] = x[~judged] @ weight + bias
    return calibrated(scores, bears, judged, artist)


def calibrated(
    scores: np.ndarray, bears: np.ndarray, judged: np.ndarray, artist: np.ndarray
) -> GenreConfidence:
    """Turn scores into probabilities, each by a curve over other artists' items.

    Args:
        scores: of what never saw an item's own artist, shape (n_items, n_genres).
        bears: whether an item is called by a genre, shape (n_items, n_genres), bool.
        judged: items of which it is known, shape (n_items,), bool; the others are only predicted.
        artist: number of each item's artist, shape (n_items,).

    Raises:
        ValueError: fewer judged artists than folds; a genre that all judged items bear, or none.

    Source: Platt 1999.
    """
    items, rest = np.flatnonzero(judged), np.flatnonzero(~judged)
    if len(np.unique(artist[items])) < N_FOLDS:
        raise ValueError(f"at least {N_FOLDS} artists with genres are needed")
    folds = GroupKFold(N_FOLDS).split(items, groups=artist[items])
    confidence = np.zeros(bears.shape, dtype=np.float32)
    for train, asked in [*((items[a], items[b]) for a, b in folds), (items, rest)]:
        for genre in range(bears.shape[1]) if len(asked) else ():
            confidence[asked, genre] = _calibrated(
                scores[train, genre], bears[train, genre], scores[asked, genre]
            )
    return GenreConfidence(confidence, *quality(confidence[items], bears[items]))


def quality(confidence: np.ndarray, bears: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return calibration error and AUC of each genre, (n_genres,) each; see `GenreConfidence`.

    Args:
        confidence: shape (n, n_genres).
        bears: shape (n, n_genres), bool, of each genre some.
    """
    pairs = list(zip(confidence.T, bears.T, strict=True))
    auc = [roc_auc_score(truth, stated) for stated, truth in pairs]
    return np.array([_error(stated, truth) for stated, truth in pairs]), np.array(auc)


def _fitted(x: np.ndarray, bears: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    solution = fit_ridge(x[rows], bears[rows].astype(np.float64), np.array(STRENGTHS))
    return solution.weight, solution.bias


def _calibrated(scores: np.ndarray, truth: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return probabilities of scores (n_asked,) by a logistic curve over known ones (n,)."""
    if truth.all() or not truth.any():
        return np.full(len(asked), (truth.sum() + 0.5) / (len(truth) + 1))
    spread = scores.std() or 1.0
    curve = LogisticRegression(C=1e3).fit((scores / spread)[:, None], truth)
    return curve.predict_proba((asked / spread)[:, None])[:, 1]


def _error(probability: np.ndarray, truth: np.ndarray) -> float:
    """Return mean abs(stated - true share) over bins of equal width, weighted by their items."""
    place = np.minimum((probability * N_BINS).astype(int), N_BINS - 1)
    gap = np.bincount(place, probability - truth, minlength=N_BINS)
    return float(np.abs(gap).sum() / len(truth))
