"""Tracks of a feature table: which are used, which are tested on, and as batches."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from muso_exp.data.base import BatchDataset
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.records import Batch


class FeatureRows(BatchDataset):
    """The rows of one split; a batch holds `x`, `target` (the same) and `row`.

    Args:
        x: scaled features, shape (n_rows, n_features), float32.
    """

    def __init__(self, x: np.ndarray) -> None:
        self.x = torch.from_numpy(x)
        self.row = torch.arange(len(x))

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.x)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the batch of these rows."""
        index = torch.tensor(rows)
        return {"x": self.x[index], "target": self.x[index], "row": self.row[index]}


def distinct(tracks: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Return the tracks but those that equal an earlier one in all features."""
    return tracks[~tracks.duplicated(list(features))].reset_index(drop=True)


def split_tracks(
    n_tracks: int, n_train: int | None, train_share: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Split tracks at random.

    Args:
        n_tracks: how many there are.
        n_train: how many to train on; None for `train_share` of them.
        train_share: share of the tracks to train on.
        rng: draws the split.

    Returns:
        Row numbers of `train` and `test`, ascending: the order of the file.

    Raises:
        ConfigError: nothing would be left to test on, or to train on.
    """
    n = round(n_tracks * train_share) if n_train is None else n_train
    if not 0 < n < n_tracks:
        raise ConfigError(
            f"dataset.n_train: {n} of {n_tracks} distinct tracks to train on leave none to test "
            "on or to learn from; set a smaller number, or null for dataset.train_share"
        )
    order = rng.permutation(n_tracks)
    return {"train": np.sort(order[:n]), "test": np.sort(order[n:])}


def require_varied(path: Path, features: Sequence[str], values: np.ndarray) -> None:
    """Raise DataFormatError at the first feature that has one value in all rows.

    Args:
        path: of the table, for the message.
        features: names of the columns.
        values: of the train tracks, shape (n_rows, n_features).
    """
    for name, column in zip(features, values.T, strict=True):
        if column.min() == column.max():
            raise DataFormatError(
                path,
                "one value in all train tracks, which distinguishes none of them",
                column=name,
                value=float(column[0]),
                fix=f"leave it out: 'dataset.drop=[{name}]'",
            )


def fingerprint(tracks: pd.DataFrame, features: Sequence[str]) -> str:
    """Return the hash of ids and features of all tracks of a table, whatever the file is called."""
    digest = hashlib.sha256("\n".join(tracks["id"]).encode())
    digest.update(tracks[list(features)].to_numpy(dtype="<f8").tobytes())
    return digest.hexdigest()
