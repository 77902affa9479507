"""The rows of the task: songs with audio features, their split, and how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from muso_exp.features.tracks import Scaling

NAMES = ["id", "artist", "title", "genre"]  # of a song, "" where unknown


@dataclass(frozen=True)
class LeftOut:
    """What songs could not be made of.

    Attributes:
        n_bad: sound files that cannot be used.
        quarantine: track_id, path, code and detail of those whose spectrum failed.
        without_features: songs with sound that the feature table lacks.
        without_sound: rows of the feature table without sound.
        bad_rows: rows of the feature table with a feature that is none, by reason.
    """

    n_bad: int
    quarantine: pd.DataFrame
    without_features: int
    without_sound: int
    bad_rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FeatureSongs:
    """Songs with their features, split into train, dev (`val`) and test.

    Attributes:
        table: a row per song: NAMES, seconds (NaN where unknown), the features.
        features: names of the features, in the order of the outputs.
        targets: standardised features, shape (n_songs, n_features), float32.
        scaling: of the features, fitted on train.
        parts: row numbers of `train`, `val` and `test`, ascending.
        artists: of each song, or the song itself where unknown, shape (n_songs,).
        levels: how loud each song is: its RMS in dB, or the mean of its spectrum, shape (n_songs,).
        group: what stays together in the split: `track` or `artist`.
        coverage: share of new songs that an interval shall cover.
        bins: where the bins of the inputs begin and end, in Hz, shape (n_bins + 1,); None of
            waveforms.
        grouping: how bins are made of frequencies.
        constant_inputs: inputs with one value in all train songs.
        left_out: files and rows that are no songs.
        seed: of the run.
    """

    table: pd.DataFrame
    features: list[str]
    targets: Tensor
    scaling: Scaling
    parts: dict[str, np.ndarray]
    artists: np.ndarray
    levels: np.ndarray
    group: str
    coverage: float
    bins: np.ndarray | None
    grouping: str
    constant_inputs: int
    left_out: LeftOut
    seed: int

    def part(self, name: str) -> pd.DataFrame:
        """Return the songs of a part, in row order."""
        return self.table.iloc[self.parts[name]].reset_index(drop=True)

    def targets_of(self, name: str) -> Tensor:
        """Return the standardised features of a part, shape (n_rows, n_features)."""
        return self.targets[torch.from_numpy(self.parts[name])]
