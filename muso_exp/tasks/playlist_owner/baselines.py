"""Null models of a task with two lists: what one scores without a model."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from torch import Tensor

from muso_exp.features.tracks import fit_scaling


def null_columns(
    train: np.ndarray, target: np.ndarray, test: np.ndarray, features: Sequence[str]
) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of every null model.

    Args:
        train: raw features of the train tracks, shape (n_train, n_features).
        target: 0 or 1 of each, shape (n_train,).
        test: raw features of the test tracks, shape (n_rows, n_features).
        features: their names.

    Returns:
        `probability` and `decision` (n_rows,), float64, by null model: `majority` decides for the
        larger class (of equals the positive one), `prior` guesses at random by the train shares,
        and `single_<feature>` is a logistic curve over the one feature that fits train best.
    """
    share = torch.full((len(test),), float(target.mean()), dtype=torch.float64)
    best, probability = _best_single(train, target, test)
    return {
        "majority": {"probability": share, "decision": (share >= 0.5).double()},
        "prior": {"probability": share, "decision": share},
        f"single_{features[best]}": {
            "probability": probability,
            "decision": (probability >= 0.5).double(),
        },
    }


def artist_columns(train: np.ndarray, target: np.ndarray, test: np.ndarray) -> dict[str, Tensor]:
    """Return the prediction columns of the rule "the list that has more of this artist".

    The probability is the positive share of the artist's train tracks, with the share of all of
    them counted as one more track: (positives + share) / (tracks + 1). At one half, and so at an
    unknown artist of equally long lists, the decision is a guess.

    Args:
        train: artist of each train track, shape (n_train,).
        target: 0 or 1 of each, shape (n_train,).
        test: artist of each test track, shape (n_rows,).
    """
    names, artist = np.unique(train, return_inverse=True)
    tracks, positives = np.bincount(artist), np.bincount(artist, weights=target)
    by_name = dict(zip(names, (positives + target.mean()) / (tracks + 1), strict=True))
    probability = torch.tensor([by_name.get(name, target.mean()) for name in test])
    decision = ((probability - 0.5).sign() + 1) / 2
    return {"probability": probability, "decision": decision}


def _best_single(train: np.ndarray, target: np.ndarray, test: np.ndarray) -> tuple[int, Tensor]:
    """Return the feature of the least train loss, and its probabilities of test (n_rows,)."""
    scaling = fit_scaling(train, "standard")
    train, test = scaling.apply(train), scaling.apply(test)
    fits = [LogisticRegression().fit(column[:, None], target) for column in train.T]
    losses = [
        log_loss(target, fit.predict_proba(column[:, None]))
        for fit, column in zip(fits, train.T, strict=True)
    ]
    best = int(np.argmin(losses))
    probability = fits[best].predict_proba(test[:, [best]])[:, 1]
    return best, torch.from_numpy(probability.astype(np.float64))
