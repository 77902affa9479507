"""Sound and listening side by side: which played item a clip is, and its factors."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from muso_exp.data.plays import Plays
from muso_exp.data.recommendation.cached_factors import cached_factors
from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions
from muso_exp.features.matching import match_songs
from muso_exp.formats.listening.interactions import Interactions

Match = Literal["id", "names"]  # how a clip is found among the played items
LEAST = 3  # clips that are played: one for each part of the split


def read_plays(plays: Plays, folder: Path) -> Interactions:
    """Return what was played; the files are in the folder of the sound where no root is set."""
    if plays.root is None:
        plays.root = folder
    plays.setup()
    return plays.data


def prepare_factors(plays: Plays, folder: Path, options: FactorOptions, cache: Path) -> None:
    """Read the plays, see `read_plays`, and fit their factors, each once.

    Raises:
        DatasetNotFoundError: files of the plays are missing.
        DataFormatError: a file of another form.
        ConfigError: more factors than users or items.
    """
    if plays.root is None:
        plays.root = folder
    plays.prepare_data()
    read_plays(plays, folder)
    cached_factors(plays, options, cache)


def played_tracks(plays: Interactions, tracks: pd.DataFrame, match: Match) -> pd.DataFrame:
    """Return the tracks with any play, with the number of their item as `item`.

    Args:
        plays: of items.
        tracks: of the sound.
        match: `id` or `names`.

    Raises:
        ConfigError: too few of them.
    """
    items = plays.items
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


def match_names(plays: Interactions, tracks: pd.DataFrame) -> np.ndarray:
    """Return the played item of each track by artist and title up to case, -1 for none.

    Source: thesis section 3.2. Deviation: of several items the most played, not an arbitrary one.
    """
    items = plays.items
    order = np.argsort(-np.asarray(plays.plays.sum(axis=0)).ravel(), kind="stable")
    found = match_songs(
        (tracks["artist"].tolist(), tracks["title"].tolist()),
        (items["artist"].iloc[order].tolist(), items["title"].iloc[order].tolist()),
        ("case",),
    ).target
    return np.where(found < 0, -1, order[np.maximum(found, 0)])
