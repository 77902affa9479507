"""Two lists of tracks: which rows of which files they are, and how they are made equal."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.formats.feature_columns import drop_bad_rows, estimated_share, read_features
from muso_exp.formats.track_tables import BAD_ROW, drop_repeats, is_track_file, read_rows
from muso_exp.opening import is_file

LEAST_TRACKS = 6  # of a list: two for the test, one for validation, three to learn from

_WHERE = "set dataset.root to a folder with a table of tracks per playlist, or to one table"


@dataclass(frozen=True)
class ListOptions:
    """Where the two lists are, and what is done to them.

    Attributes:
        features: audio features to read.
        files: file names below the root; None takes all tables there.
        column: column of one table whose values separate the lists; None: a table per list.
        values: the column's value for the positive and for the negative list; None: it holds 0, 1.
        duplicates: `refuse` a list that holds a track twice, or keep the `first` row.
        overlap: `keep` or `drop` tracks that are in both lists.
        balance: `cut` the longer list after the length of the shorter (as published), `sample`
            as many at random, or keep all and count them by `weights`.
        n_tracks: at most so many tracks of each list; None for no limit.
        bad_rows: `refuse` a row with a feature that is none, or `drop` and count it.
    """

    features: Sequence[str]
    files: Sequence[str] | None = None
    column: str | None = None
    values: Sequence[str] | None = None
    duplicates: str = "refuse"
    overlap: str = "keep"
    balance: str = "cut"
    n_tracks: int | None = None
    bad_rows: str = "refuse"


@dataclass(frozen=True)
class TrackLists:
    """The tracks of the positive and of the negative list.

    Attributes:
        tracks: id, title, artist, the features and `target` (1 positive, 0 negative).
        names: of the positive and of the negative list.
        n_read: tracks in each list as it was read.
        n_shared: tracks that are in both.
        left_out: rows that `bad_rows: drop` left out, by reason.
        estimated: share of each list's rows whose features were estimated from sound.
    """

    tracks: pd.DataFrame
    names: tuple[str, str]
    n_read: tuple[int, int]
    n_shared: int
    left_out: Mapping[str, int]
    estimated: tuple[float, float]


def read_lists(root: Path, options: ListOptions, rng: np.random.Generator) -> TrackLists:
    """Read two lists of tracks.

    Args:
        root: a folder, or one table.
        options: where the lists are, and what is done to them.
        rng: draws the tracks kept by `balance: sample`.

    Raises:
        ConfigError: the options do not say which two lists, or name one that is not there.
        DatasetNotFoundError: a file is missing.
        DataFormatError: a list is too short, holds what it must not, or is the other one again.
    """
    parts = _one_table(root, options) if options.column else _table_each(root, options)
    lists, left_out = [], Counter[str]()
    for path, table, _ in parts:
        if options.bad_rows == "drop":
            table, left = drop_bad_rows(table, options.features)
            left_out.update(left)
        tracks = read_features(path, table, options.features, fix=BAD_ROW)
        lists.append(drop_repeats(path, tracks, options.duplicates))
    path, names = parts[1][0], (parts[0][2], parts[1][2])
    shared = set(lists[0]["id"]) & set(lists[1]["id"])
    n_read = (len(lists[0]), len(lists[1]))
    if shared and len(shared) == n_read[0] == n_read[1]:
        raise DataFormatError(path, f"{names[0]} and {names[1]} hold the same tracks")
    if options.overlap == "drop":
        lists = [part[~part["id"].isin(shared)] for part in lists]
    for part, name in zip(lists, names, strict=True):
        if len(part) < LEAST_TRACKS:
            need = f"{name}: at least {LEAST_TRACKS} tracks are needed, {len(part)} are left"
            raise DataFormatError(path, need)
    _refuse_constants(path, lists, options.features)
    lists = [_take(part, _limit(lists, options), options.balance, rng) for part in lists]
    tracks = pd.concat([part.assign(target=1 - k) for k, part in enumerate(lists)])
    estimated = (estimated_share(parts[0][1]), estimated_share(parts[1][1]))
    whole = tracks.reset_index(drop=True)
    return TrackLists(whole, names, n_read, len(shared), dict(left_out), estimated)


NamedRows = tuple[Path, pd.DataFrame, str]  # file, rows as text, name of the list


def _table_each(root: Path, options: ListOptions) -> list[NamedRows]:
    """Return the rows of two tables, one per list."""
    files = list_files(root, options.files)
    if len(files) != 2:
        known = ", ".join(path.name for path in files[:6])
        raise ConfigError(
            f"{root}: two tables are needed, {len(files)} found ({known}); name them, "
            "'dataset.files=[positive.csv,negative.csv]', or the column whose values "
            "separate the lists in one table, dataset.column=..."
        )
    if files[0] == files[1]:
        raise ConfigError(f"dataset.files: {files[0].name} twice; two lists are needed")
    return [(path, read_rows(path), path.name.partition(".")[0]) for path in files]


def _one_table(root: Path, options: ListOptions) -> list[NamedRows]:
    """Return the rows of two lists that one table holds."""
    files = list_files(root, options.files)
    if len(files) != 1:
        known = ", ".join(path.name for path in files[:6])
        raise ConfigError(
            f"dataset.column={options.column} is for one table, {len(files)} found ({known}); "
            "name it, 'dataset.files=[table.csv]'"
        )
    path, table, column = files[0], read_rows(files[0]), str(options.column)
    if column not in table:
        raise no_such_column(path, column, table)
    given = table[column].astype(str)
    if options.values is None:
        _refuse_other_targets(path, table, given, column)
        values, names = ["1", "0"], [f"{column} 1", f"{column} 0"]
        given = given.str.removesuffix(".0")
    else:
        values = names = [str(value) for value in options.values]
        _check_values(path, given, column, values)
    return [(path, table[given == value], name) for value, name in zip(values, names, strict=True)]


def no_such_column(path: Path, column: str, table: pd.DataFrame) -> ConfigError:
    """Return the error about a column that a table lacks, with the nearest that it has."""
    near = _nearest(column, [str(name) for name in table.columns])
    return ConfigError(f"dataset.column={column}: {path} has no such column; it has {near}")


def list_files(root: Path, names: Sequence[str] | None) -> list[Path]:
    """Return the tables of tracks of a data set.

    Args:
        root: a folder, or one table.
        names: of the tables in the folder; None takes all.

    Raises:
        DatasetNotFoundError: none, or one that was named is missing.
    """
    if not root.is_dir():
        if is_file(root):
            return [root]
        raise DatasetNotFoundError(root, ["the folder itself"], _WHERE)
    if names is not None:
        missing = [name for name in names if not is_file(root / name)]
        if missing:
            raise DatasetNotFoundError(root, missing, "see dataset.files")
        return [root / name for name in names]
    found = sorted(path for path in root.iterdir() if is_track_file(path))
    if not found:
        raise DatasetNotFoundError(root, ["a .csv or .json file"], _WHERE)
    return found


def _check_values(path: Path, given: pd.Series, column: str, values: Sequence[str]) -> None:
    if len(values) != 2 or values[0] == values[1]:
        raise ConfigError(f"dataset.values: two different lists are needed, got {list(values)}")
    for value in values:
        if not (given == value).any():
            near = _nearest(value, given.unique().tolist())
            raise ConfigError(f"dataset.values: {path} has no {column} {value!r}; nearest: {near}")


def _refuse_other_targets(path: Path, table: pd.DataFrame, given: pd.Series, column: str) -> None:
    good = given.isin(["0", "1", "0.0", "1.0"]).to_numpy()
    if not good.all():
        row = int(np.argmin(good))
        raise DataFormatError(
            path,
            "0 or 1 is needed",
            line=int(table["line"].iloc[row]),
            column=column,
            value=given.iloc[row],
            fix="or name two lists, 'dataset.values=[a,b]'",
        )


def _refuse_constants(path: Path, lists: Sequence[pd.DataFrame], features: Sequence[str]) -> None:
    """Raise DataFormatError at a feature with one value throughout: it separates nothing."""
    for name in features:
        values = np.concatenate([part[name].to_numpy() for part in lists])
        if len(values) > 1 and np.ptp(values) == 0:
            raise DataFormatError(
                path,
                "the same in all tracks of both lists",
                column=name,
                value=float(values[0]),
                fix=f"drop it: 'dataset.drop=[{name}]'",
            )


def _limit(lists: Sequence[pd.DataFrame], options: ListOptions) -> int:
    """Return how many tracks of each list are kept at most."""
    longest = max(len(part) for part in lists)
    shortest = min(len(part) for part in lists)
    limit = longest if options.balance == "weights" else shortest
    return limit if options.n_tracks is None else min(limit, options.n_tracks)


def _take(tracks: pd.DataFrame, n: int, balance: str, rng: np.random.Generator) -> pd.DataFrame:
    if balance == "sample" and n < len(tracks):
        return tracks.iloc[np.sort(rng.choice(len(tracks), size=n, replace=False))]
    return tracks.iloc[:n]


def _nearest(given: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(given, known, n=3, cutoff=0.4) or sorted(known)[:3]
    return ", ".join(near)
