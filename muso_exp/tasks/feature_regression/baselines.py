"""Null models of features: the train mean, that of the artist's songs, and how loud a song is."""

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.artists import artist_means
from muso_exp.tasks.feature_regression.feature_songs import FeatureSongs

PRIOR_SONGS = 2.0  # songs of mean features that an artist's mean starts from


def part_nulls(songs: FeatureSongs, part: str) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of every null model for the songs of a part."""
    train, asked = songs.parts["train"], songs.parts[part]
    artists, levels = songs.artists, songs.levels
    return null_columns(
        songs.targets_of("train"),
        (artists[train], artists[asked]),
        (levels[train], levels[asked]),
    )


def null_columns(
    target: Tensor,
    artists: tuple[np.ndarray, np.ndarray],
    levels: tuple[np.ndarray, np.ndarray],
) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of every null model.

    Args:
        target: standardised features of the train songs, shape (n_train, n_features).
        artists: of the train songs (n_train,) and of the test songs (n_rows,).
        levels: how loud each of them is, see `FeatureSongs`.

    Returns:
        `preds` (n_rows, n_features), by null model: `train_mean` (0 in standard units), `level`,
        a line through level and feature, and, where any artist stands on both sides,
        `artist_mean`, shrunk towards the train mean.
    """
    known = target.double().numpy()
    preds = {
        "train_mean": np.zeros((len(levels[1]), target.shape[1])),
        "level": _line(known, levels),
    }
    if np.isin(*artists).any():
        preds["artist_mean"] = artist_means(known, *artists, PRIOR_SONGS)
    return {name: {"preds": torch.from_numpy(own)} for name, own in preds.items()}


def _line(target: np.ndarray, levels: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the least-squares estimate of each feature from the level, (n_rows, n_features)."""
    train, test = levels
    centred = train - train.mean()
    slope = centred @ target / max(centred @ centred, np.finfo(float).tiny)  # (n_features,)
    return target.mean(axis=0) + np.outer(test - train.mean(), slope)
