"""The feature table of document 4: a row per track, `track_features.csv`, plain or .gz."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from muso_exp.errors import DataFormatError
from muso_exp.formats.feature_columns import drop_bad_rows, read_features
from muso_exp.formats.text import find_files
from muso_exp.formats.track_tables import BAD_ROW, SUFFIXES, drop_repeats, read_rows
from muso_exp.opening import is_file

TABLE = "track_features.csv"


def find_feature_table(root: Path) -> Path:
    """Return the feature table in the folder `root`, which may be the table itself.

    Raises:
        DatasetNotFoundError: no such folder, or no table in it.
    """
    if root.name.endswith(SUFFIXES) and is_file(root):
        return root
    fix = f"put {TABLE} (or .gz) there: id and the audio features, a row per track"
    return find_files(root, {"table": [TABLE]}, fix)["table"]


def read_feature_table(
    path: Path,
    features: Sequence[str],
    duplicates: str = "refuse",
    remedy: str = "leave the feature out",
    fix: str = BAD_ROW,
    left_out: Counter[str] | None = None,
) -> pd.DataFrame:
    """Return the tracks of a feature table, each value checked against its documented range.

    Args:
        path: CSV or the JSON of Spotify's end point, plain or .gz; other exports' column names
            and URIs for ids are known too.
        features: names in `muso_exp.features.tracks.FEATURES`.
        duplicates: what a second row of an id is: `refuse`d, or left out (`first`).
        remedy: what `dataset.drop` is for, in the message about a missing column.
        fix: what to do about a row with a feature that is none, in the message.
        left_out: where given, such rows are left out and counted in it, by reason.

    Returns:
        id, title, artist (both "" where the file has none), line and the features as float64.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no table, a missing column, a value that is no number or out of range, or
            a second row of one id.
    """
    rows = read_rows(path)
    if left_out is not None:
        rows, left = drop_bad_rows(rows, features)
        left_out.update(left)
        if len(rows) == 0:
            raise DataFormatError(path, f"no row is left: {left}", fix="give audio features")
    tracks = read_features(path, rows, features, remedy, fix)
    return drop_repeats(path, tracks, duplicates)
