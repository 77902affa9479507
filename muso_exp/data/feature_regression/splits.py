"""Which songs are trained on, as document 4 draws them, and their batches."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch

from muso_exp.data.base import BatchDataset
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.tracks import Scaling, fit_scaling
from muso_exp.options import Options, Share
from muso_exp.records import Batch

PARTS = ("train", "val", "test")
_BLOCK = 2**24  # numbers that are held in float64 at once


class SongSplit(Options, frozen=True, kw_only=True):
    """How songs are split.

    Attributes:
        by: `track`, split as published, or `artist`, no artist in two parts.
        val_share: share of the songs that the checkpoint and the intervals come from ("dev").
        test_share: share that is tested on.
    """

    by: Literal["track", "artist"]
    val_share: Share
    test_share: Share


def split_sizes(n_songs: int, val_share: float, test_share: float) -> dict[str, int]:
    """Return how many songs each part has: of 22,359 with .2 and .1 15,652, 4,471 and 2,236.

    Raises:
        ConfigError: a share out of its range, or a part without songs.

    Source: document 4, "Pre-processing": first int(0.3 n) songs, of which int(2/3) are dev.
    """
    held = val_share + test_share
    if not (val_share > 0 and test_share > 0 and held < 1):
        raise ConfigError(
            f"dataset.split.val_share={val_share}, test_share={test_share}: shares above 0 that "
            "leave something to train on are needed"
        )
    n_held = int(held * n_songs)
    n_val = int(val_share / held * n_held)
    sizes = {"train": n_songs - n_held, "val": n_val, "test": n_held - n_val}
    if sizes["train"] < 2 or min(sizes.values()) < 1:
        raise ConfigError(f"{n_songs} songs are too few for a train, a dev and a test part")
    return sizes


def split_songs(
    groups: np.ndarray, sizes: Mapping[str, int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the rows of each part, ascending; no group stands in two parts.

    Args:
        groups: a number for each song, shape (n_songs,); all different: as published.
        sizes: of the parts; with larger groups a part may have more songs, the last ones fewer.
        rng: draws the split.

    Raises:
        ConfigError: so few groups that a part is left empty.
    """
    names, group = np.unique(groups, return_inverse=True)
    order = rng.permutation(len(names))
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.concatenate([[0], np.cumsum(np.bincount(group)[order])[:-1]])
    first = place[group]  # how many songs are drawn before this one's group
    bounds = np.cumsum([sizes["test"], sizes["val"]])
    part = np.searchsorted(bounds, first, side="right")
    parts = {
        name: np.flatnonzero(part == number) for number, name in enumerate(("test", "val", "train"))
    }
    empty = [name for name, rows in parts.items() if len(rows) == 0]
    if empty:
        raise ConfigError(
            f"dataset.split.by=artist: {len(names)} artists are too few, none falls to {empty[0]}"
        )
    return {name: parts[name] for name in PARTS}


def fit_inputs(values: np.ndarray, rows: np.ndarray) -> Scaling:
    """Return mean and population standard deviation of each bin over some rows, in float32.

    Args:
        values: spectra, perhaps a memory map, shape (n, n_bins).
        rows: the train rows; read in blocks.
    """
    size = max(_BLOCK // values.shape[1], 1)
    blocks = [rows[first : first + size] for first in range(0, len(rows), size)]
    mean = sum(values[block].sum(axis=0, dtype=np.float64) for block in blocks) / len(rows)
    square = sum(((values[block] - mean) ** 2).sum(axis=0) for block in blocks) / len(rows)
    spread = np.sqrt(square)
    spread[spread <= 1e-6 * np.abs(mean)] = 0  # a constant, but for rounding
    return Scaling("standard", mean.astype(np.float32), spread.astype(np.float32))


def fit_targets(values: np.ndarray, features: Sequence[str]) -> Scaling:
    """Return mean and population standard deviation of each feature over the train songs.

    Args:
        values: features of the train songs, shape (n_songs, n_features).
        features: names.

    Raises:
        DataFormatError: a feature with one value in all of them.
    """
    scaling = fit_scaling(values, "standard")
    constant = [name for name, span in zip(features, scaling.span, strict=True) if span == 0]
    if constant:
        problem = f"{constant[0]} has one value in all {len(values)} train songs"
        fix = f"leave it out: 'dataset.drop=[{','.join(constant)}]'"
        raise DataFormatError("track_features.csv", problem, fix=fix)
    return scaling


class SpectrumRows(BatchDataset):
    """The songs of one part; a batch holds x (B, n_bins), target (B, n_features), row (B,).

    Args:
        values: spectra, perhaps a memory map.
        rows: of the songs in it, shape (n_songs,).
        scaling: of the inputs, applied batch by batch.
        target: shape (n_songs, n_features).
    """

    def __init__(
        self, values: np.ndarray, rows: np.ndarray, scaling: Scaling, target: torch.Tensor
    ) -> None:
        self.values, self.rows, self.scaling, self.target = values, rows, scaling, target

    def __len__(self) -> int:
        """Return the number of songs."""
        return len(self.rows)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the batch of these rows."""
        x = self.scaling.apply(np.asarray(self.values[self.rows[rows]], dtype=np.float32))
        index = torch.tensor(rows)
        return {"x": torch.from_numpy(x), "target": self.target[index], "row": index}
