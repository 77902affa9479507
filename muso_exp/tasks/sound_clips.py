"""Clips of sound with something to predict of each: the record that all tasks on sound share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor


@dataclass(frozen=True)
class SoundClips:
    """Clips, split into train, validation and test.

    Attributes:
        tracks: `track_id`, `artist`, `title` and `genre` ("" where unknown), a row per clip.
        targets: what is predicted of each clip, shape (n_clips, ...).
        parts: row numbers of `train`, `val` and `test`, ascending.
        artists: the independent unit of each clip: its artist, or the clip itself where the artist
            is unknown, shape (n_clips,).
        digests: hash of each clip's samples, shape (n_clips,).
        n_filled: samples of each clip that are sound, not padding, shape (n_clips,).
        n_samples: length of a clip in samples, padding included.
        seconds: the same in seconds.
        split: `track`, `artist` or `published`.
        n_folds: folds of a cross-validation; 0 for none.
        n_read: sound files as listed.
        n_decoded: those that could be decoded, with a target or without.
        quarantine: track_id, path, code and detail of the others.
        lost_genres: genres of which no file could be decoded.
    """

    tracks: pd.DataFrame
    targets: Tensor
    parts: dict[str, np.ndarray]
    artists: np.ndarray
    digests: np.ndarray
    n_filled: np.ndarray
    n_samples: int
    seconds: float
    split: str
    n_folds: int
    n_read: int
    n_decoded: int
    quarantine: pd.DataFrame
    lost_genres: list[str]

    def part(self, name: str) -> pd.DataFrame:
        """Return the tracks of a part, in row order."""
        return self.tracks.iloc[self.parts[name]].reset_index(drop=True)

    def targets_of(self, rows: np.ndarray) -> Tensor:
        """Return the targets of some clips, shape (n_rows, ...)."""
        return self.targets[torch.from_numpy(rows)]

    def units(self) -> np.ndarray:
        """Return the artist of each test clip, shape (n_rows, 1)."""
        return self.artists[self.parts["test"]][:, None]

    def names(self) -> list[str]:
        """Return what each clip is called: `artist - title`, or its id."""
        rows = self.tracks[["artist", "title", "track_id"]].itertuples(index=False)
        return [" - ".join(part for part in (a, t) if part) or str(i) for a, t, i in rows]

    def counts(self) -> dict[str, int]:
        """Return tracks read, clips used, artists, and clips of each part."""
        parts = {f"{name}_clips": len(rows) for name, rows in self.parts.items()}
        artists = len(np.unique(self.artists))
        return {"tracks": self.n_read, "clips": len(self.tracks), "artists": artists, **parts}

    def fingerprint(self, samples: str) -> str:
        """Return a hash of the clips' samples, given as one, their targets and the split."""
        digest = hashlib.sha256(samples.encode())
        digest.update("\0".join(self.tracks["track_id"].astype(str)).encode())
        digest.update(np.ascontiguousarray(self.targets.numpy()).tobytes())
        for rows in self.parts.values():
            digest.update(rows.astype(np.int64).tobytes())
        return digest.hexdigest()
