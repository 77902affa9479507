"""Batches of the continuation task: those of `muso_exp.models.ranking`, and what tracks sound like.

Beside the matrix, the train batch holds `features` (n_tracks, n_features), float32, the raw audio
features in the order of `muso_exp.features.tracks.FEATURES`, NaN for tracks without; and
`file_order` (n_tracks,), the row of each track in the feature table, -1 for tracks without; and
the words of the titles as `title_crow` (n_playlists + 1,), `title_col` and `n_words` (); those of
the playlists' genres as `genre_crow`, `genre_col`; and `artist` (n_tracks,), a number for each
track's artist. The `target` of a test row is its held-out tracks, -1 behind them.
"""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from muso_exp.data.recommendation.batches import UserRows, WholeMatrix
from muso_exp.records import Batch
from muso_exp.tasks.recommendation.split_plays import HeldOut


class PlaylistMatrix(WholeMatrix):
    """The matrix of known tracks as one row, with what tracks sound like and playlists are called.

    Args:
        known: shape (n_playlists, n_tracks).
        features: shape (n_tracks, n_features), float32.
        file_order: shape (n_tracks,).
        words: of the titles, shape (n_playlists, n_words).
        genres: words of the playlists' genres, shape (n_playlists, n_genres).
        artists: a number for each track's artist, shape (n_tracks,).
    """

    def __init__(
        self,
        known: csr_matrix,
        features: np.ndarray,
        file_order: np.ndarray,
        words: csr_matrix,
        genres: csr_matrix,
        artists: np.ndarray,
    ) -> None:
        super().__init__(known)
        self.extra = {
            "features": torch.from_numpy(features),
            "file_order": torch.from_numpy(file_order),
            "artist": torch.from_numpy(artists),
            **word_batch(words),
            **csr_batch("genre", genres),
        }

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the matrix as `WholeMatrix` does, and what else is known."""
        return super().__getitem__(rows) | self.extra


class ContinuedRows(UserRows):
    """A row per playlist to be continued."""

    def __init__(self, held: HeldOut) -> None:
        super().__init__(held)
        self.target = torch.from_numpy(held.padded())

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the batch of these rows."""
        return super().__getitem__(rows) | {"target": self.target[rows]}


def word_batch(words: csr_matrix) -> Batch:
    """Return the words of titles (n_playlists, n_words) as a part of a batch."""
    return csr_batch("title", words) | {"n_words": torch.tensor(words.shape[1])}


def csr_batch(name: str, ones: csr_matrix) -> Batch:
    """Return a matrix of ones as `<name>_crow` and `<name>_col`."""
    return {
        f"{name}_crow": torch.from_numpy(ones.indptr.astype(np.int64)),
        f"{name}_col": torch.from_numpy(ones.indices.astype(np.int64)),
    }
