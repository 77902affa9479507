"""Rules of one number: how much two users' listening has in common, turned into a distance."""

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import normalize
from torch import Tensor

from muso_exp.features.listening import log_plays

MAX_BINS = 20  # of a rule's number, of equally many train pairs
BIN_PAIRS = 50  # train pairs of a bin at least, or its shares are mostly chance


def pair_scores(plays: csr_matrix, pairs: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each rule knows of pairs of users, shapes (n_pairs,), float64.

    Args:
        plays: play counts of one category, shape (n_users, n_items).
        pairs: users of each pair, shape (n_pairs, 2).

    Returns:
        `cosine` of their log(1 + plays), `log_plays`, the sum of both users' log(1 + plays), and
        `shared_items`, how many items both play.
    """
    logs = log_plays(plays)
    totals = np.asarray(logs.sum(axis=1)).ravel()  # (n_users,)
    ones = csr_matrix(logs > 0, dtype=np.float64)
    return {
        "cosine": _products(normalize(logs), pairs),
        "log_plays": totals[pairs].sum(axis=1),
        "shared_items": _products(ones, pairs),
    }


def rule_columns(
    known: np.ndarray, target: np.ndarray, asked: np.ndarray, n_classes: int
) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of a rule of one number, calibrated on the train pairs.

    The train pairs are divided into bins of equally many by their number. Pairs of a bin are given
    the distances that its train pairs have: at random, or always the commonest one, which is right
    most often, or the middle one, which is the nearest on average.

    Args:
        known: number of each train pair, shape (n_train,).
        target: class of each, shape (n_train,).
        asked: number of each pair to predict, shape (n_rows,).
        n_classes: number of classes.

    Returns:
        Under "" the guess, under "_decided" the commonest class and under "_median" the middle one
        (of two the smaller): `strategy` (n_rows, n_classes) and `friend` (n_rows,), float64, the
        number itself, or its negative where friends have the smaller ones in train.
    """
    n_bins = min(MAX_BINS, max(len(known) // BIN_PAIRS, 1))
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, n_bins + 1)[1:-1]))
    counts = np.zeros((len(cuts) + 1, n_classes))
    np.add.at(counts, (np.searchsorted(cuts, known, side="right"), target), 1)
    counts[counts.sum(axis=1) == 0] = counts.sum(axis=0)
    rows = torch.from_numpy(counts[np.searchsorted(cuts, asked, side="right")])
    friend = torch.from_numpy(asked * _direction(known, target == 0))
    total = rows.sum(dim=1, keepdim=True)
    middle = (2 * rows.cumsum(dim=1) >= total).int().argmax(dim=1)  # the first that reaches half
    strategies = {"": rows / total, "_decided": _always(rows.argmax(dim=1), n_classes)}
    strategies["_median"] = _always(middle, n_classes)
    return {name: {"strategy": row, "friend": friend} for name, row in strategies.items()}


def _always(classes: Tensor, n_classes: int) -> Tensor:
    return torch.nn.functional.one_hot(classes, n_classes).double()


def _products(rows: csr_matrix, pairs: np.ndarray) -> np.ndarray:
    """Return the inner product of the two users' rows, shape (n_pairs,)."""
    products = rows[pairs[:, 0]].multiply(rows[pairs[:, 1]])
    return np.asarray(products.sum(axis=1)).ravel()


def _direction(known: np.ndarray, friends: np.ndarray) -> float:
    """Return 1, or -1 where friends have the smaller numbers; 1 where all or none are friends."""
    if friends.all() or not friends.any():
        return 1.0
    return 1.0 if roc_auc_score(friends, known) >= 0.5 else -1.0
