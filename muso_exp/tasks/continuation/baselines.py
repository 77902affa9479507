"""Null models of rows of co-occurrence counts; those of whole playlists are recommendation's."""

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.cooccurrence import cooccurrence, grouped_cooccurrence, mean_cooccurrence

_BLOCK = 256  # songs whose rows are compared at once
UNKNOWN = ""  # artist


def null_errors(
    playlists: csr_matrix, artists: np.ndarray, train: np.ndarray, songs: np.ndarray
) -> dict[str, Tensor]:
    """Return the mean squared error of each song's row by every null model, float64 (n_songs,).

    Args:
        playlists: 1 where a song is known to be in a playlist, shape (n_playlists, n_items).
        artists: of all songs, "" where unknown, shape (n_items,).
        train: numbers of the songs whose rows are known, shape (n_train,).
        songs: numbers of the songs that are asked about, shape (n_songs,).

    Returns:
        By null model: `zeros` is beside no song, `mean_row` the mean row of the train songs,
        `artist_row`, where any artist stands on both sides, that of the artist's train songs, with
        the mean row as one more song of each artist.
    """
    mean = mean_cooccurrence(playlists, train)  # (n_items,)
    known = np.isin(artists[songs], artists[train][artists[train] != UNKNOWN])
    found: dict[str, list[np.ndarray]] = {}
    for block in np.array_split(songs, max(-(-len(songs) // _BLOCK), 1)):
        rows = cooccurrence(playlists, block)  # (n_block, n_items)
        guesses = {"zeros": np.zeros(1), "mean_row": mean}
        if known.any():
            guesses["artist_row"] = _artist_rows(playlists, artists, train, block, mean)
        for name, guess in guesses.items():
            found.setdefault(name, []).append(np.square(rows - guess).mean(axis=1))
    return {name: torch.from_numpy(np.concatenate(errors)) for name, errors in found.items()}


def _artist_rows(
    playlists: csr_matrix,
    artists: np.ndarray,
    train: np.ndarray,
    songs: np.ndarray,
    mean: np.ndarray,
) -> np.ndarray:
    """Return the mean row of each song's artist, shape (n_songs, n_items)."""
    names, place = np.unique(artists[songs], return_inverse=True)
    own = train[np.isin(artists[train], names[names != UNKNOWN])]
    groups = np.searchsorted(names, artists[own])
    sums = grouped_cooccurrence(playlists, own, groups, len(names))  # (n_names, n_items)
    counts = np.bincount(groups, minlength=len(names))
    return ((sums + mean) / (counts[:, None] + 1))[place]
