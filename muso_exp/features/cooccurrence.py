"""Which songs stand beside each other in playlists: counts, their sums, and how far a guess is off.

Rows of counts are as long as there are songs and nearly empty: errors are sums over what is there.
"""

import numpy as np
from scipy.sparse import csr_matrix

_ROWS = 65_536  # of weights, whose products are summed in double precision after
_SONGS = 4096  # whose rows are made at once
_UNITS = 128  # whose weights are summed over playlists at once


def cooccurrence(playlists: csr_matrix, songs: np.ndarray) -> csr_matrix:
    """Return in how many playlists songs (n,) stand beside each song, shape (n, n_items), float64.

    A song does not stand beside itself.

    Args:
        playlists: 1 where a song is in a playlist, shape (n_playlists, n_items).
        songs: numbers of the songs.
    """
    rows = (playlists[:, songs].T.astype(np.float64) @ playlists).tocoo()
    others = songs[rows.row] != rows.col
    cells = rows.row[others], rows.col[others]
    return csr_matrix((rows.data[others], cells), shape=rows.shape)


def mean_cooccurrence(playlists: csr_matrix, songs: np.ndarray) -> np.ndarray:
    """Return the mean of the rows of `cooccurrence` of songs (n,), shape (n_items,), float64."""
    groups = np.zeros(len(songs), dtype=np.int64)
    return grouped_cooccurrence(playlists, songs, groups, 1).toarray()[0] / len(songs)


def grouped_cooccurrence(
    playlists: csr_matrix, songs: np.ndarray, groups: np.ndarray, n_groups: int
) -> csr_matrix:
    """Return the sum of the rows of `cooccurrence` of each group, (n_groups, n_items), float64.

    Args:
        playlists: as of `cooccurrence`.
        songs: numbers of the songs, shape (n,).
        groups: of each song, 0 to n_groups - 1, shape (n,).
        n_groups: number of groups.
    """
    ones = csr_matrix(
        (np.ones(len(songs)), (np.arange(len(songs)), groups)), (len(songs), n_groups)
    )
    chosen = playlists[:, songs].astype(np.float64)
    n_playlists = np.asarray(chosen.sum(axis=0)).ravel()
    beside_itself = csr_matrix((n_playlists, (groups, songs)), (n_groups, playlists.shape[1]))
    return csr_matrix((chosen @ ones).T @ playlists - beside_itself)


def row_squares(rows: csr_matrix) -> np.ndarray:
    """Return the sum of squares of each row, shape (n_rows,)."""
    return np.asarray(rows.multiply(rows).sum(axis=1)).ravel()


def linear_errors(
    playlists: csr_matrix,
    songs: np.ndarray,
    hidden: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
) -> np.ndarray:
    """Return the mean squared error of rows of counts that are predicted linearly.

    No predicted row is ever made: of |hidden W' + bias - row|^2 the first part is a form of the
    weights' Gram matrix, and W' row a sum over the song's playlists.

    Args:
        playlists: as of `cooccurrence`.
        songs: numbers of the songs, shape (n,).
        hidden: what their predictions are linear in, shape (n, n_units), float32.
        weight: shape (n_items, n_units), float32.
        bias: shape (n_items,), float32.

    Returns:
        Shape (n,), float64.
    """
    gram, exact_bias = np.zeros((weight.shape[1],) * 2), bias.astype(np.float64)
    for start in range(0, len(weight), _ROWS):
        part = weight[start : start + _ROWS]
        gram += part.T @ part
    lean, square = weight.T @ bias, float(exact_bias @ exact_bias)
    error = np.empty(len(songs))
    for start in range(0, len(songs), _SONGS):
        block = slice(start, start + _SONGS)
        inputs, rows = hidden[block].astype(np.float64), cooccurrence(playlists, songs[block])
        own = ((inputs @ gram) * inputs).sum(axis=1) + 2 * inputs @ lean + square
        error[block] = own - 2 * (rows @ exact_bias) + row_squares(rows)
    of_songs = csr_matrix(playlists[:, songs].T, dtype=np.float32)
    n_playlists = np.asarray(of_songs.sum(axis=1))  # (n, 1)
    for start in range(0, weight.shape[1], _UNITS):
        units = slice(start, start + _UNITS)
        part = np.ascontiguousarray(weight[:, units])
        beside = of_songs @ (playlists @ part) - n_playlists * part[songs]  # (n, n_units)
        error -= 2 * (beside.astype(np.float64) * hidden[:, units]).sum(axis=1)
    return error / len(weight)
