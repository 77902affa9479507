"""Null models of features: the train mean, and the mean of the artist's songs."""

import numpy as np
import torch
from torch import Tensor

PRIOR_SONGS = 2.0  # songs of mean features that an artist's mean starts from


def null_columns(
    target: Tensor, train: np.ndarray, test: np.ndarray
) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of every null model.

    Args:
        target: standardised features of the train songs, shape (n_train, n_features).
        train: artists of the train songs, shape (n_train,).
        test: artists of the test songs, shape (n_rows,).

    Returns:
        `preds` (n_rows, n_features), by null model: `train_mean` (0 in standard units) and, where
        any artist stands on both sides, `artist_mean`, shrunk towards it.
    """
    mean = torch.zeros(len(test), target.shape[1])
    if not np.isin(test, train).any():
        return {"train_mean": {"preds": mean}}
    names, group = np.unique(train, return_inverse=True)
    sums = torch.zeros(len(names), target.shape[1]).index_add_(0, torch.from_numpy(group), target)
    counts = torch.from_numpy(np.bincount(group))
    artist = sums / (counts + PRIOR_SONGS)[:, None]  # (n_artists, n_features)
    place = np.searchsorted(names, test).clip(max=len(names) - 1)
    known = torch.from_numpy(names[place] == test)[:, None]
    return {
        "train_mean": {"preds": mean},
        "artist_mean": {"preds": torch.where(known, artist[place], mean)},
    }
