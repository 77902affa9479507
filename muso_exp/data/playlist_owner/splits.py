"""From lists of tracks to the rows of train, validation and test."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import torch

from muso_exp.data.base import BatchDataset
from muso_exp.errors import ConfigError
from muso_exp.options import Options, Share, SomeShare
from muso_exp.records import Batch

_PARTS = ("train", "val", "test")


class TracksSplit(Options, frozen=True, kw_only=True):
    """Which tracks are tested on.

    Attributes:
        by: what stays together: `track`, as published, or `artist` (a track without an artist
            stands for itself). Intervals resample artists either way.
        test_share: share of each list that is tested on.
        val_share: share of the rest that is held out for whatever is chosen.
    """

    by: Literal["track", "artist"]
    test_share: SomeShare
    val_share: Share


class TrackSplit(BatchDataset):
    """The rows of one split.

    A batch holds `x` (B, n_features), and `target` (0 or 1), `weight` (in the loss, of mean 1) and
    `row`, each (B,).
    """

    def __init__(self, x: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        self.x = torch.from_numpy(x)
        self.target = torch.from_numpy(target.astype(np.float32))
        self.weight = torch.from_numpy(weight.astype(np.float32))
        self.row = torch.arange(len(x))

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.x)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the batch of these rows."""
        index = torch.tensor(rows)
        return {
            "x": self.x[index],
            "target": self.target[index],
            "weight": self.weight[index],
            "row": self.row[index],
        }


def split_rows(
    target: np.ndarray, shares: Mapping[str, float], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Split rows at random, each class in the same proportions.

    Args:
        target: class of each row, shape (n_rows,).
        shares: `test`, of all rows, and `val`, of those that are left. Where a share is not 0, at
            least one row of each class.
        rng: draws the split.

    Returns:
        Row numbers of `train`, `val` and `test`, ascending.
    """
    parts: dict[str, list[np.ndarray]] = {"train": [], "val": [], "test": []}
    for label in np.unique(target):
        rows = rng.permutation(np.flatnonzero(target == label))
        n_test = max(round(len(rows) * shares["test"]), int(shares["test"] > 0))
        n_val = max(round((len(rows) - n_test) * shares["val"]), int(shares["val"] > 0))
        test, val, train = np.split(rows, [n_test, n_test + n_val])
        for name, part in (("train", train), ("val", val), ("test", test)):
            parts[name].append(part)
    return {name: np.sort(np.concatenate(part)) for name, part in parts.items()}


def split_groups(
    target: np.ndarray,
    groups: np.ndarray,
    shares: Mapping[str, float],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Split rows so that no group is in two parts, the classes as near to their shares as can be.

    Groups come up in random order; a part takes one that brings its rows of both classes nearer to
    what `split_rows` would take.

    Args:
        target: class of each row, shape (n_rows,).
        groups: number of each row's group, shape (n_rows,).
        shares: as of `split_rows`.
        rng: draws the order.

    Returns:
        Row numbers of `train`, `val` and `test`, ascending.

    Raises:
        ConfigError: a part with a share above 0 got no row of a class, or train none.
    """
    classes, label = np.unique(target, return_inverse=True)
    _, group = np.unique(groups, return_inverse=True)
    counts = np.zeros((group.max() + 1, len(classes)))
    np.add.at(counts, (group, label), 1)
    part_of = np.zeros(len(counts), dtype=np.int64)  # 0 train, 1 val, 2 test
    for part, name in ((2, "test"), (1, "val")):
        lacking = shares[name] * counts[part_of == 0].sum(axis=0)
        for one in rng.permutation(np.flatnonzero(part_of == 0)):
            left = lacking - counts[one]
            if (left**2).sum() < (lacking**2).sum():
                part_of[one], lacking = part, left
    rows = {name: np.flatnonzero(part_of[group] == n) for n, name in enumerate(_PARTS)}
    for name, part_rows in rows.items():
        if (name == "train" or shares[name] > 0) and len(set(target[part_rows])) < len(classes):
            raise ConfigError(
                f"dataset.split=artist: of {len(counts)} artists none is left for a list in {name};"
                " set dataset.split=track, or smaller shares"
            )
    return rows


def class_weights(target: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return weights by which both classes count alike in train.

    Args:
        target: class of each row, 0 or 1, shape (n_rows,).
        train: the train rows.

    Returns:
        Shape (n_rows,), of mean 1 over the train rows.
    """
    share = target[train].mean()
    return np.where(target == 1, 0.5 / share, 0.5 / (1 - share))


def fingerprint(tracks: pd.DataFrame, features: Sequence[str]) -> str:
    """Return the hash of ids, features and targets, whatever files and lists are called."""
    digest = hashlib.sha256("\n".join(tracks["id"]).encode())
    digest.update(tracks[[*features, "target"]].to_numpy(dtype="<f8").tobytes())
    return digest.hexdigest()


def unit(name: str) -> int:
    """Return a number for a track or an artist: 63 bits of its name's hash."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
