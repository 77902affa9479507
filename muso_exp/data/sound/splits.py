"""Which clips are trained on and which tested: whole tracks or whole artists, shares or folds."""

import hashlib
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from muso_exp.errors import ConfigError
from muso_exp.features.artists import artist_units
from muso_exp.options import Options, Share, ZeroOrMore

PARTS = ("train", "val", "test")


class SplitOptions(Options, frozen=True, kw_only=True):
    """How clips are split.

    Attributes:
        by: `track`, `artist` (no artist in two parts; a clip of an unknown artist stands alone)
            or `published` (by the `split` of the tracks; clips that it leaves out are not used).
        list: published list of the split, see `muso_exp.formats.sound.split_lists`.
        artist_list: published list of the artists, for layouts that lack them.
        test_share: share of the clips that is tested on; unread with folds.
        val_share: share of the rest that a model is chosen by; 0 for none.
        n_folds: 0, or into how many folds the clips are cut for cross-validation.
        fold: which of them is tested on, from 0.

    Raises:
        ConfigError: a single fold, or a fold beyond the last.
    """

    by: Literal["track", "artist", "published"]
    list: str | None
    artist_list: str | None = None
    test_share: Share
    val_share: Share
    n_folds: ZeroOrMore
    fold: ZeroOrMore

    def __post_init__(self) -> None:
        if self.n_folds == 1:
            raise ConfigError("dataset.split.n_folds=1: 0 or at least 2 folds are needed")
        if self.n_folds and self.fold >= self.n_folds:
            raise ConfigError(f"dataset.split.fold={self.fold}: 0 to {self.n_folds - 1} are there")


def split_clips(
    tracks: pd.DataFrame, strata: np.ndarray, options: SplitOptions, seed: int
) -> dict[str, np.ndarray]:
    """Return the rows of train, val and test, ascending.

    Where a group stands in a share depends on its name and the seed alone, not on other clips.

    Args:
        tracks: `track_id`, `artist` and `split` of each clip.
        strata: a class of each clip that folds shall hold equal shares of, shape (n_clips,).
        options: of the split.
        seed: of the split.

    Raises:
        ConfigError: a part without clips; no published split.
    """
    every = np.arange(len(tracks))
    groups = group_names(tracks) if options.by != "track" else tracks["track_id"].to_numpy(str)
    if options.by == "published":
        parts = _published(tracks)
    elif options.n_folds:
        parts = _fold(groups, strata, options, seed)
    else:
        test = _drawn(groups, options.test_share, seed)
        parts = {"train": every[~test], "val": every[:0], "test": every[test]}
    if len(parts["val"]) == 0 and options.val_share > 0:
        rest = parts["train"]
        held = _drawn(groups[rest], options.val_share, seed + 1)
        parts |= {"train": rest[~held], "val": rest[held]}
    for name in PARTS:
        if len(parts[name]) == 0 and (name != "val" or options.val_share > 0):
            raise ConfigError(
                f"dataset.split.by={options.by}: no clip of {len(tracks)} falls to {name}; "
                "more clips or other shares are needed"
            )
    return parts


def group_names(tracks: pd.DataFrame) -> np.ndarray:
    """Return the artist of each clip, or its own id where the artist is unknown, (n_clips,)."""
    return artist_units(tracks["artist"].astype(str), tracks["track_id"].astype(str))


def keyed_share(name: object, seed: int) -> float:
    """Return a number from 0 to 1 that depends on a name and the seed alone."""
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def kept_share(rows: np.ndarray, ids: pd.Series, share: float, seed: int) -> np.ndarray:
    """Return a share of some rows, at least one, ascending; a smaller one is part of a larger.

    Args:
        rows: of the clips to choose from, shape (n,).
        ids: of all clips.
        share: how many of them.
        seed: of the choice, which depends on each id and the seed alone.
    """
    order = np.argsort([keyed_share(i, seed) for i in ids.iloc[rows]], kind="stable")
    return np.sort(rows[order[: max(round(share * len(rows)), 1)]])


def _drawn(groups: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Mark whole groups, in a drawn order, until they are `share` of the clips; (n_clips,)."""
    names, group = np.unique(groups, return_inverse=True)
    order = np.argsort([keyed_share(name, seed) for name in names], kind="stable")
    reached = np.cumsum(np.bincount(group)[order]) <= share * len(group)
    return np.isin(group, order[reached])


def _fold(
    groups: np.ndarray, strata: np.ndarray, options: SplitOptions, seed: int
) -> dict[str, np.ndarray]:
    n_groups = len(np.unique(groups))
    if n_groups < options.n_folds:
        raise ConfigError(
            f"dataset.split.n_folds={options.n_folds}: only {n_groups} different {options.by}s are "
            "there"
        )
    cut = StratifiedGroupKFold(options.n_folds, shuffle=True, random_state=seed)
    folds = list(cut.split(groups, strata, groups))
    train, test = folds[options.fold]
    return {"train": train, "val": train[:0], "test": test}


def _published(tracks: pd.DataFrame) -> dict[str, np.ndarray]:
    named = tracks["split"].to_numpy(str)
    if not np.isin(["train", "test"], named).all():
        raise ConfigError(
            "dataset.split.by=published: the tracks name no train and test; set dataset.split.list"
        )
    return {name: np.flatnonzero(named == name) for name in PARTS}
