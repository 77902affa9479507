"""Null models of rows of co-occurrence counts; those of whole playlists are recommendation's."""

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.cooccurrence import (
    cooccurrence,
    grouped_cooccurrence,
    mean_cooccurrence,
    row_squares,
)

_BLOCK = 4096  # songs whose rows are compared at once
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
        square, by_mean = row_squares(rows), rows @ mean
        errors = {"zeros": square, "mean_row": square - 2 * by_mean + mean @ mean}
        if known.any():
            sums, counts = _artist_sums(playlists, artists, train, block)
            both = np.asarray(rows.multiply(sums).sum(axis=1)).ravel() + by_mean
            guess = row_squares(sums) + 2 * (sums @ mean) + mean @ mean
            share = 1 / (counts + 1)
            errors["artist_row"] = square - 2 * both * share + guess * share**2
        for name, error in errors.items():
            found.setdefault(name, []).append(error / len(mean))
    return {name: torch.from_numpy(np.concatenate(errors)) for name, errors in found.items()}


def _artist_sums(
    playlists: csr_matrix, artists: np.ndarray, train: np.ndarray, songs: np.ndarray
) -> tuple[csr_matrix, np.ndarray]:
    """Return the sum of the rows of each song's artist, (n_songs, n_items), and of how many.

    Songs of an unknown artist have none.
    """
    names, place = np.unique(artists[songs], return_inverse=True)
    own = train[np.isin(artists[train], names[names != UNKNOWN])]
    groups = np.searchsorted(names, artists[own])
    sums = grouped_cooccurrence(playlists, own, groups, len(names))  # (n_names, n_items)
    return csr_matrix(sums[place]), np.bincount(groups, minlength=len(names))[place]
