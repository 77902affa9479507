"""Null models of factors: the mean of train, and that of the clip's artist."""

import numpy as np

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
    own = group_means(values[train], clips.artists[train], clips.artists)
    every = np.broadcast_to(values[train].mean(axis=0), own.shape)
    return {"mean_factor": every.astype(np.float32), "artist_mean": own.astype(np.float32)}


def group_means(values: np.ndarray, groups: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the mean row of each group that is asked for; of an unknown one, that of all rows.

    Args:
        values: shape (n_rows, n_columns).
        groups: name of each row's group, shape (n_rows,).
        asked: names, shape (n_asked,).

    Returns:
        Shape (n_asked, n_columns).
    """
    names, group = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names) + 1, values.shape[1]))
    np.add.at(sums, group, values)
    means = sums / np.append(np.bincount(group), 1)[:, None]
    means[-1] = values.mean(axis=0)
    place = np.minimum(np.searchsorted(names, asked), len(names) - 1)
    return means[np.where(names[place] == asked, place, len(names))]
