"""Sound and listening side by side: which played item a clip is, and its factors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from muso_exp.data.plays import Plays
from muso_exp.data.recommendation.cached_factors import cached_factors
from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions
from muso_exp.features.matching import match_songs

if TYPE_CHECKING:
    from muso_exp.data.sound.clip_data import AudioData

LEAST = 3  # clips that are played: one for each part of the split


def lay_beside(plays: Plays, folder: Path) -> Plays:
    """Return the plays, whose files lie beside the sound where they have no root."""
    if plays.root is None:
        plays.root = folder
    return plays


def prepare_factors(plays: Plays, folder: Path, options: FactorOptions, cache: Path) -> None:
    """Read the plays, beside the sound or at their root, and fit their factors, each once.

    Raises:
        DatasetNotFoundError: files of the plays are missing.
        DataFormatError: a file of another form.
        ConfigError: more factors than users or items.
    """
    lay_beside(plays, folder).prepare_data()
    plays.setup()
    cached_factors(plays, options, cache)


def require_match(match: str) -> str:
    """Return a way to find a clip among the items.

    Raises:
        ConfigError: it is not one.
    """
    if match not in ("id", "names"):
        raise ConfigError(f"dataset.match={match}: choose id or names")
    return match


def played_tracks(data: AudioData, plays: Plays, tracks: pd.DataFrame, match: str) -> pd.DataFrame:
    """Return the tracks that somebody has played, with the number of their item as `item`.

    Args:
        data: the data set of sound.
        plays: a data set whose files may lie beside the sound.
        tracks: of the sound.
        match: `id` or `names`.

    Raises:
        ConfigError: too few of them.
    """
    lay_beside(plays, data.folder()).setup()
    items = plays.data.items
    if match == "id":
        place = pd.Series(np.arange(len(items)), index=items["id"].astype(str))
        item = place.reindex(tracks["track_id"]).fillna(-1).to_numpy(dtype=np.int64)
    else:
        item = match_names(plays, tracks)
    n_found = int((item >= 0).sum())
    if n_found < LEAST:
        raise ConfigError(
            f"dataset.match={match}: {n_found} of {len(tracks)} clips are among the {len(items)} "
            "played items; do sound and plays belong together?"
        )
    return tracks[item >= 0].assign(item=item[item >= 0]).reset_index(drop=True)


def match_names(plays: Plays, tracks: pd.DataFrame) -> np.ndarray:
    """Return the played item of each track by artist and title up to case, -1 for none.

    Source: thesis section 3.2. Deviation: of several items the most played, not an arbitrary one.
    """
    items = plays.data.items
    order = np.argsort(-np.asarray(plays.data.plays.sum(axis=0)).ravel(), kind="stable")
    found = match_songs(
        (tracks["artist"].tolist(), tracks["title"].tolist()),
        (items["artist"].iloc[order].tolist(), items["title"].iloc[order].tolist()),
        ("case",),
    ).target
    return np.where(found < 0, -1, order[np.maximum(found, 0)])
