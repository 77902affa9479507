"""How large sources of plays are: users, songs, interactions (table 3.1 of the thesis)."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.errors import ConfigError
from muso_exp.features.matching import song_groups
from muso_exp.formats.listening.msd import ReadOptions
from muso_exp.formats.listening.sources import SOURCES

COLUMNS = (
    *("source", "users", "songs", "distinct songs", "songs without a name"),
    *("interactions", "user-song pairs", "interactions per user (median)"),
)


def source_sizes(given: Iterable[tuple[str, Path]]) -> pd.DataFrame:
    """Return a row for each source: users, songs, how many of them differ, interactions.

    Songs are distinct by artist and title up to case, as the thesis matches them; interactions are
    plays summed. Where a source lists artists instead of songs, these are counted.

    Args:
        given: name of the source and the folder of its files.

    Returns:
        `COLUMNS`.

    Raises:
        ConfigError: a source that is not known.
        DatasetNotFoundError: files are missing.
        DataFormatError: a file holds what its format does not allow.

    Source: thesis, table 3.1.
    """
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        cache = Path(os.environ.get("MUSO_CACHE", scratch))
        for name, folder in given:
            if name not in SOURCES:
                raise ConfigError(f"{name}: choose one of {', '.join(SOURCES)}")
            source = SOURCES[name]
            data = source.read(source.find(folder), ReadOptions(cache))
            plays = data.plays if data.hidden is None else data.plays + data.hidden
            artists, titles = (data.items[part].tolist() for part in ("artist", "title"))
            named = np.array([bool(a or t) for a, t in zip(artists, titles, strict=True)])
            shown = titles if any(titles) else artists  # of artists the name alone is compared
            groups = song_groups(artists, shown, "case")
            per_user = np.asarray(plays.sum(axis=1)).ravel()
            rows.append(
                (
                    *(name, int((per_user > 0).sum()), plays.shape[1]),
                    *(len(np.unique(groups)), int((~named).sum())),
                    *(int(plays.sum()), plays.nnz, float(np.median(per_user[per_user > 0]))),
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))
