"""Which songs stand beside each other in playlists: counts, and their sums over songs."""

import numpy as np
from scipy.sparse import csr_matrix


def cooccurrence(playlists: csr_matrix, songs: np.ndarray) -> np.ndarray:
    """Return in how many playlists songs (n,) stand beside each song, shape (n, n_items), float32.

    A song does not stand beside itself.

    Args:
        playlists: 1 where a song is in a playlist, shape (n_playlists, n_items).
        songs: numbers of the songs.
    """
    rows = (playlists[:, songs].T @ playlists).toarray().astype(np.float32)
    rows[np.arange(len(songs)), songs] = 0
    return rows


def mean_cooccurrence(playlists: csr_matrix, songs: np.ndarray) -> np.ndarray:
    """Return the mean of the rows of `cooccurrence` of songs (n,), shape (n_items,), float64."""
    groups = np.zeros(len(songs), dtype=np.int64)
    return grouped_cooccurrence(playlists, songs, groups, 1)[0] / len(songs)


def grouped_cooccurrence(
    playlists: csr_matrix, songs: np.ndarray, groups: np.ndarray, n_groups: int
) -> np.ndarray:
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
    sums = ((chosen @ ones).T @ playlists).toarray()
    sums[groups, songs] -= np.asarray(chosen.sum(axis=0)).ravel()  # a song beside itself
    return sums
