"""The rows of the task: playlists, their known tracks, and the tracks held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.formats.playlist_tables import PlaylistCollection
from muso_exp.records import Finding
from muso_exp.tasks.recommendation.split_plays import HeldOut


@dataclass(frozen=True)
class Continuation:
    """Known and held-out tracks; a row is a playlist, of training or to be continued.

    The seeds of the playlists to be continued are rows of `known` like all others: a solver learns
    from them, as the entrants of the challenge did (transductive).

    Attributes:
        playlists: row of each playlist in the files, shape (n_rows,).
        known: 1 where a track is known to be in a playlist, shape (n_rows, n_tracks), int64.
        held_out: 1 where it is held out; rows of training are empty; same shape.
        category: of the seeds, "" for playlists of training, shape (n_rows,).
        n_repeats: tracks that stood in a playlist a second time.
        n_short: playlists that a category lacks, for want of long enough ones.
    """

    playlists: np.ndarray
    known: csr_matrix
    held_out: csr_matrix
    category: np.ndarray
    n_repeats: int
    n_short: int = 0

    def titles(self, data: PlaylistCollection) -> list[str | None]:
        """Return the title of each row, None where it is not among what is known."""
        return [
            data.names[playlist] if category == "" or category.startswith("title") else None
            for playlist, category in zip(self.playlists, self.category, strict=True)
        ]

    def held(self, warm: bool = False) -> HeldOut:
        """Return the playlists to be continued; `warm`: only known tracks are ranked.

        Raises:
            ConfigError: no held-out track is known.
        """
        candidates = np.flatnonzero(self.popularity()) if warm else None
        held = HeldOut.of(self.known, self.held_out, candidates)
        if not len(held.users):
            raise ConfigError(
                "dataset.candidates=warm: no held-out track is known to be in any playlist; set "
                "dataset.candidates=all"
            )
        return held

    def popularity(self) -> np.ndarray:
        """Return in how many playlists each track is known to be, shape (n_tracks,)."""
        return np.bincount(self.known.indices, minlength=self.known.shape[1])


@dataclass(frozen=True)
class ContinuedPlaylists:
    """All playlists, those to be continued, and which tracks have features.

    Attributes:
        data: all playlists and tracks.
        continuation: known and held-out tracks.
        file_order: row of each track in the feature table, -1 without, shape (n_tracks,).
        file_findings: what reading found of the files themselves.
        warm: whether only tracks that are known to be in a playlist are ranked.
    """

    data: PlaylistCollection
    continuation: Continuation
    file_order: np.ndarray
    file_findings: Sequence[Finding] = ()
    warm: bool = False

    def artists(self) -> np.ndarray:
        """Return a number for each track's artist, shape (n_tracks,)."""
        return np.unique(self.data.tracks["artist_id"], return_inverse=True)[1]

    def units(self, held: HeldOut) -> np.ndarray:
        """Return the playlist of each test row, by the place of its id among all, (n_rows, 1)."""
        place = np.unique(self.data.pids.astype(str), return_inverse=True)[1]
        return place[self.continuation.playlists[held.users]][:, None]
