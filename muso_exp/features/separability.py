"""How well two lists of tracks are separated by their audio features, and how alike they are."""

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROUNDING = 1e-12  # relative, of sums that are equal


def separability(
    first: np.ndarray, second: np.ndarray, artists: np.ndarray, folds: int, seed: int
) -> float:
    """Return the ROC AUC of a logistic regression that separates two lists.

    Out of fold: no track is scored by a model that saw it, or a track of its artist.

    Args:
        first: features of the tracks of one list, shape (n_first, n_features).
        second: of the other, shape (n_second, n_features).
        artists: of the tracks of both, shape (n_first + n_second,).
        folds: how many.
        seed: of the folds.
    """
    x = np.concatenate([first, second])
    target = np.repeat([1, 0], [len(first), len(second)])
    scores = np.full(len(x), np.nan)
    parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for train, test in parts.split(x, target, artists):
        if len(set(target[train])) == 2:
            model = make_pipeline(StandardScaler(), LogisticRegression())
            scores[test] = model.fit(x[train], target[train]).decision_function(x[test])
    known = ~np.isnan(scores)
    if len(set(target[known])) < 2:
        return 0.5  # one artist fills a list: nothing can be learned of others
    return float(roc_auc_score(target[known], scores[known]))


def artist_cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Return the cosine of how often two lists hold each artist; of their names, (n,) and (m,)."""
    names, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    a = np.bincount(place[: len(first)], minlength=len(names))
    b = np.bincount(place[len(first) :], minlength=len(names))
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def shared_share(first: np.ndarray, second: np.ndarray) -> float:
    """Return the share of the shorter list's tracks that the other one has too; of their ids."""
    return len(np.intersect1d(first, second)) / min(len(first), len(second))


def permutation_p(
    first: np.ndarray, second: np.ndarray, pairs: np.ndarray, n: int, seed: int
) -> float:
    """Return how often a shuffle of the lists correlates the values of pairs at least as much.

    Args:
        first: a value of each pair, shape (n_pairs,).
        second: another one, shape (n_pairs,).
        pairs: the two lists of each, every pair of the lists once, shape (n_pairs, 2).
        n: shuffles.
        seed: of them.

    Returns:
        Two-sided, of Spearman's correlation, (1 + hits) / (1 + n).

    Source: Mantel 1967.
    """
    lists, place = np.unique(pairs, return_inverse=True)
    place = place.reshape(pairs.shape)
    table = np.zeros((len(lists), len(lists)))
    own, other = (rank - rank.mean() for rank in (rankdata(first), rankdata(second)))
    table[tuple(place.T)] = table[tuple(place.T[::-1])] = own  # a shuffle moves ranks, no more
    rng = np.random.default_rng(seed)
    orders = np.stack([rng.permutation(len(lists)) for _ in range(n)])  # (n, n_lists)
    shuffled = table[orders[:, place[:, 0]], orders[:, place[:, 1]]] @ other  # (n,)
    alike = np.abs(shuffled) >= np.abs(own @ other) * (1 - ROUNDING)
    return float((1 + alike.sum()) / (1 + n))
