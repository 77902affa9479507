"""The artist part of the RecSys Challenge 2018: which artists of the held-out tracks were found."""

import numpy as np
from numba import njit


@njit(cache=True)
def artist_hits(top: np.ndarray, held_out: np.ndarray, artist: np.ndarray) -> np.ndarray:
    """Count the artists of the held-out tracks that are in the first |G| recommended tracks.

    Args:
        top: recommended tracks, best first, -1 where there are no more, shape (n_rows, n_top).
        held_out: the tracks G of each row, -1 behind them, shape (n_rows, longest).
        artist: number of each track's artist, shape (n_tracks,).

    Returns:
        Two columns, shape (n_rows, 2): artists found, and artists of the held-out tracks; each
        artist counts once. |G| is cut to n_top.
    """
    counts = np.zeros((len(top), 2), dtype=np.int64)
    mark = np.zeros(artist.max() + 1, dtype=np.int64)  # 2 row + 1: held out; 2 row + 2: found
    for row in range(len(top)):
        n_held = 0
        for track in held_out[row]:
            if track < 0:
                break
            n_held += 1
            if mark[artist[track]] != 2 * row + 1:
                mark[artist[track]] = 2 * row + 1
                counts[row, 1] += 1
        for track in top[row, :n_held]:
            if track >= 0 and mark[artist[track]] == 2 * row + 1:
                mark[artist[track]] = 2 * row + 2
                counts[row, 0] += 1
    return counts
