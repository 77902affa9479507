"""Null models of factors: the mean of train, and that of the clip's artist."""

import numpy as np

from muso_exp.features.artists import artist_means
from muso_exp.tasks.sound_clips import SoundClips


def guesses(clips: SoundClips, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the null models predict of all clips, from the values of the train clips.

    Args:
        clips: and their split.
        values: of each clip, shape (n_clips, n_columns).

    Returns:
        Shape (n_clips, n_columns), float32: `mean_factor`, and `artist_mean`, which for an artist
        without train clips is the mean of all.
    """
    train = clips.parts["train"]
    own = artist_means(values[train], clips.artists[train], clips.artists)
    every = np.broadcast_to(values[train].mean(axis=0), own.shape)
    return {"mean_factor": every.astype(np.float32), "artist_mean": own.astype(np.float32)}
