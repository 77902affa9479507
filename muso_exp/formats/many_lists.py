"""Many lists of tracks with audio features, in one table or in a table each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from muso_exp.formats.feature_columns import drop_bad_rows, estimated_share, read_features
from muso_exp.formats.track_lists import list_files, no_such_column
from muso_exp.formats.track_tables import BAD_ROW, read_rows


@dataclass(frozen=True)
class ManyLists:
    """Lists of tracks.

    Attributes:
        tracks: id, title, artist and the features, a row per track, by name of the list; a track
            stands in a list once.
        left_out: rows that were left out, by reason.
        estimated: share of the rows of each list whose features were estimated from sound.
    """

    tracks: Mapping[str, pd.DataFrame]
    left_out: Mapping[str, int]
    estimated: Mapping[str, float]


def read_many_lists(
    root: Path,
    files: Sequence[str] | None,
    column: str | None,
    features: Sequence[str],
    drop_bad: bool,
) -> ManyLists:
    """Read lists of tracks.

    Args:
        root: a folder of tables, or one table.
        files: names of the tables in the folder; None takes all.
        column: column whose values name the lists; None: each table is a list, named after it.
        features: audio features to read.
        drop_bad: leave out rows with a feature that is none, and count them, or refuse them.

    Raises:
        ConfigError: a table without the column.
        DatasetNotFoundError: no table, or one that was named is missing.
        DataFormatError: a table that holds what it must not.
    """
    lists: dict[str, list[pd.DataFrame]] = {}
    shares: dict[str, list[float]] = {}
    left_out = Counter[str]()
    for path in list_files(root, files):
        rows = read_rows(path)
        if column is not None and column not in rows:
            raise no_such_column(path, column, rows)
        if drop_bad:
            rows, left = drop_bad_rows(rows, features)
            left_out.update(left)
        tracks = read_features(path, rows, features, fix=BAD_ROW)
        named = rows[column].astype(str).to_numpy() if column else path.name.partition(".")[0]
        for name, part in tracks.assign(list=named).groupby("list", sort=True):
            lists.setdefault(str(name), []).append(part)
            shares.setdefault(str(name), []).append(estimated_share(rows.iloc[part.index]))
    whole = {
        name: pd.concat(parts).drop_duplicates("id").reset_index(drop=True)
        for name, parts in lists.items()
    }
    estimated = {name: sum(parts) / len(parts) for name, parts in shares.items()}
    return ManyLists(whole, dict(left_out), estimated)
