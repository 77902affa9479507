"""Null models of factors: the mean of train, that of the artist, loudness, vectors of others."""

import numpy as np

from muso_exp.features.artists import artist_means
from muso_exp.features.ridge import fit_ridge
from muso_exp.tasks.factor_regression.factor_clips import FactorClips

STRENGTHS = np.logspace(-3, 2, 6)  # penalties to choose from, see `fit_ridge`
ROUNDING = 1e-6  # of a column's spread: no more than what sums in float32 leave of a mean of 0


def guesses(rows: FactorClips, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the null models predict of all clips, from the values of the train clips.

    Args:
        rows: clips, their split, and how loud they are.
        values: of each clip, shape (n_clips, n_columns).

    Returns:
        Shape (n_clips, n_columns), float32: `mean_factor`; `artist_mean`, which for an artist
        without train clips is the mean of all; `pooled_loudness`, ridge regression on the loudness;
        and where a model is given vectors `shuffled_vectors`, ridge regression on those of others.
        What is 0 but for rounding is 0: rounding would have a direction, and so a cosine.
    """
    clips, train = rows.clips, rows.known
    own = artist_means(values[train], clips.artists[train], clips.artists)
    every = np.broadcast_to(values[train].mean(axis=0), own.shape)
    heard = loudness_ridge(rows.loudness[train], values[train], rows.loudness)
    found = {"mean_factor": every, "artist_mean": own, "pooled_loudness": heard}
    if rows.shuffled is not None:
        solution = fit_ridge(rows.shuffled[train], values[train], STRENGTHS)
        found["shuffled_vectors"] = rows.shuffled @ solution.weight + solution.bias
    least = ROUNDING * values[train].std(axis=0)
    return {
        name: np.where(np.abs(preds) > least, preds, 0).astype(np.float32)
        for name, preds in found.items()
    }


def artist_popularity(rows: FactorClips) -> np.ndarray:
    """Return how much the artist of each test clip is played: log(1 + listeners), (n_test,).

    The mean over the artist's train clips; of an artist without, that over all.
    """
    train, test = rows.known, rows.clips.parts["test"]
    played = np.log1p(rows.listeners[train])[:, None]
    return artist_means(played, rows.clips.artists[train], rows.clips.artists[test])[:, 0]


def loudness_ridge(known: np.ndarray, values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the values that ridge regression predicts from loudness, (n_asked, n_columns).

    Of clips that are all as loud, or of a single one, it is the mean.

    Args:
        known: loudness of the train clips, in dB, shape (n_train, D).
        values: of the train clips, shape (n_train, n_columns).
        asked: loudness of the clips to predict, shape (n_asked, D).
    """
    spread = known.std(axis=0)
    varies = spread > 0
    if not varies.any():
        return np.tile(values.mean(axis=0), (len(asked), 1))
    solution = fit_ridge(known[:, varies] / spread[varies], values, STRENGTHS)
    return asked[:, varies] / spread[varies] @ solution.weight + solution.bias
