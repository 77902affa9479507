"""The rows of the task: tracks of two lists, their split, and how they were made."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class TwoLists:
    """Tracks of two lists, split into train, validation and test.

    Attributes:
        tracks: id, title, artist, target (1: of the positive list) and raw features, a row each.
        features: names of the features, in the order of the inputs.
        names: of the positive and the negative list.
        n_read: tracks of each list as read.
        n_shared: tracks that both lists had.
        left_out: rows with a feature that is none, by reason.
        estimated: share of each list's rows whose features were estimated from sound.
        artists: independent unit of each track: its first artist, or itself where unknown, see
            `muso_exp.features.artists.artist_units`, shape (n_tracks,).
        rows: row numbers of `train`, `val` and `test`.
        inputs: train features as the model gets them, shape (n_train, n_features).
        scaling: how they were scaled.
        threshold: where a probability becomes a decision.
        overlap: what was done with shared tracks: keep or drop.
        balance: how the lists were made equally long.
        group: what stays together in a split: track or artist.
    """

    tracks: pd.DataFrame
    features: list[str]
    names: tuple[str, str]
    n_read: tuple[int, int]
    n_shared: int
    left_out: Mapping[str, int]
    estimated: tuple[float, float]
    artists: np.ndarray
    rows: dict[str, np.ndarray]
    inputs: np.ndarray
    scaling: str
    threshold: str
    overlap: str
    balance: str
    group: str

    @property
    def names_artists(self) -> bool:
        """Whether the artist of some track is known."""
        return bool((self.tracks["artist"] != "").any())

    def part(self, split: str) -> pd.DataFrame:
        """Return the tracks of a split, in row order."""
        return self.tracks.iloc[self.rows[split]].reset_index(drop=True)

    def values(self, split: str) -> np.ndarray:
        """Return the raw features of a split, shape (n_rows, n_features), float64."""
        return self.part(split)[self.features].to_numpy(dtype=np.float64)
