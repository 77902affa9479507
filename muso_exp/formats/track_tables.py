"""Reading tracks with audio features, in any of the usual formats.

CSV with one row per track, of commas, semicolons (with decimal commas) or tabs; the CSV that
Exportify writes (other column names and languages, URIs for ids, a byte-order mark); the JSON of
Spotify's audio-features end point; the features that `predict` estimates from sound, which stand
between columns `<feature>_low` and `<feature>_high`. Plain, .gz or .bz2.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.features.matching import listed_texts
from muso_exp.features.tracks import FEATURES, Range
from muso_exp.formats.columns import columns_of, find_columns, no_column
from muso_exp.formats.tables import read_table
from muso_exp.formats.text import read_json
from muso_exp.opening import MAX_LINE, PACKED, is_file, open_data

log = logging.getLogger(__name__)

SUFFIXES = tuple(kind + end for kind in (".csv", ".json") for end in ("", *PACKED))

BAD_ROW = "correct or remove the row, or set dataset.bad_rows=drop"
_NOTES = ("C", "C# Db", "D", "D# Eb", "E", "F", "F# Gb", "G", "G# Ab", "A", "A# Bb", "B")
_KEYS = {name: str(number) for number, names in enumerate(_NOTES) for name in names.split()}
NOTATION = {  # of features that some tables write in words
    "key": _KEYS | {k.replace("#", "\u266f").replace("b", "\u266d"): n for k, n in _KEYS.items()},
    "mode": {"major": "1", "Major": "1", "minor": "0", "Minor": "0"},
}
_NAMES = {"track_id": "id", "track": "title"}  # roles of the vocabulary that are named otherwise


def is_track_file(path: Path) -> bool:
    """Return whether the name is that of a file which `read_rows` reads."""
    return path.name.endswith(SUFFIXES) and not path.name.startswith(".")


def read_rows(path: Path) -> pd.DataFrame:
    """Return the rows of a file as they stand, as text, with our names for known columns.

    Args:
        path: CSV or JSON, plain or .gz.

    Returns:
        All columns of the file, `id`, `title` and `artist` always among them (empty where the
        file has none), and `line`, where each row stands (of JSON: its number in the list).

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no table, no row, rows of another length than the header, or no column of
            ids, artists or titles.
    """
    if not is_file(path):
        raise DatasetNotFoundError(path.parent, [path.name], "give a table of tracks")
    if ".json" in path.suffixes[-2:]:
        table = _json_table(path)
    else:
        mark = _delimiter(path)
        table = read_table(path, partial(_columns, path), delimiter=mark)
        if mark == ";":
            for name in [name for name in FEATURES if name in table]:
                table[name] = table[name].str.replace(",", ".")
        table["line"] = table.index
        table = table.reset_index(drop=True)
    if not {"id", "title", "artist", "song"} & {*map(str, table)}:
        header, roles = [str(name) for name in table], ["track_id", "artist", "track"]
        raise no_column(path, header, roles, "without any of them no track can be told from others")
    for name in ("id", "title", "artist"):
        if name not in table:
            table[name] = ""
    table["id"] = [bare_id(value) for value in table["id"]]
    table["artist"] = [_first_artist(value) for value in table["artist"]]
    names = [
        _name(*row) for row in zip(table["artist"], table["title"], table["line"], strict=True)
    ]
    table["id"] = table["id"].where(table["id"] != "", names)
    return table


def chosen_features(features: Sequence[str], drop: Sequence[str]) -> list[str]:
    """Return the features to use, each once, without the dropped ones.

    Raises:
        ConfigError: a feature that is not known, or none is left.
    """
    unknown = [name for name in [*features, *drop] if name not in FEATURES]
    if unknown:
        known = ", ".join(FEATURES)
        raise ConfigError(f"dataset.features: no audio feature {unknown[0]!r}; there are {known}")
    chosen = [name for name in dict.fromkeys(features) if name not in drop]
    if not chosen:
        raise ConfigError("dataset.drop leaves no feature")
    return chosen


def is_estimated(columns: Collection[str], name: str) -> bool:
    """Return whether a feature was estimated from sound: the ends of its interval are there too."""
    return {f"{name}_low", f"{name}_high"} <= set(columns)


def are_estimates(columns: Collection[str]) -> bool:
    """Return whether a table with these columns holds features that were estimated from sound."""
    return any(is_estimated(columns, name) for name in FEATURES)


def read_features(
    path: Path,
    table: pd.DataFrame,
    features: Sequence[str],
    remedy: str = "without them",
    fix: str = "correct or remove the row",
) -> pd.DataFrame:
    """Return id, title, artist and the features as numbers, each checked against its range.

    Where a whole number is documented, an estimate from sound may lie between two.

    Args:
        path: of the file, for messages.
        table: from `read_rows`, or some of its rows.
        features: names in `muso_exp.features.tracks.FEATURES`.
        remedy: what dropping the missing ones is for, in the message.
        fix: what to do about a row with a value that is none.

    Raises:
        DataFormatError: a feature that the file lacks, or a malformed value.
    """
    missing = [name for name in features if name not in table]
    if missing:
        fix = f"{remedy}: 'dataset.drop=[{','.join(missing)}]'"
        raise DataFormatError(path, f"no column for {', '.join(missing)}", line=1, fix=fix)
    tracks = table[["id", "title", "artist", "line"]].reset_index(drop=True)
    for name in features:
        tracks[name] = _numbers(path, table, name, fix)
    return tracks


def drop_repeats(path: Path, tracks: pd.DataFrame, duplicates: str) -> pd.DataFrame:
    """Return the tracks with the first row of each id, or refuse a second one.

    Args:
        path: of the file, for messages.
        tracks: with columns id and line.
        duplicates: `refuse` or `first`.

    Raises:
        DataFormatError: an id stands there twice, and `duplicates` is `refuse`.
    """
    repeated = tracks.duplicated("id").to_numpy()
    if repeated.any() and duplicates == "refuse":
        row = int(np.argmax(repeated))
        raise DataFormatError(
            path,
            "second row of the same track",
            line=int(tracks["line"].iloc[row]),
            column="id",
            value=tracks["id"].iloc[row],
            fix="remove it, or set dataset.duplicates=first",
        )
    return tracks[~repeated].reset_index(drop=True)


def _range(table: pd.DataFrame, name: str) -> Range:
    """Return the values that a feature may have; an estimate need not be whole."""
    estimated = is_estimated(table.columns, name)
    return replace(FEATURES[name], whole=False) if estimated else FEATURES[name]


def _numbers(path: Path, table: pd.DataFrame, name: str, fix: str) -> np.ndarray:
    values = _values(table, name)
    wanted = _range(table, name)
    good = wanted.contains(values)
    if not good.all():
        row = int(np.argmin(good))
        raise DataFormatError(
            path,
            f"{wanted} is needed",
            line=int(table["line"].iloc[row]),
            column=name,
            value=table[name].iloc[row],
            fix=fix,
        )
    return values


def _values(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a feature as numbers, shape (n_rows,), NaN where it is none; notes are numbered."""
    texts = table[name].astype(str).str.strip()
    if name in NOTATION:
        texts = texts.replace(NOTATION[name])
    elif name == "time_signature":
        texts = texts.str.replace(r"^(\d)/\d+$", r"\1", regex=True)
    return pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)


def drop_bad_rows(
    table: pd.DataFrame, features: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows whose features are all numbers in range, and the number of others, by reason.

    Args:
        table: from `read_rows`, or some of its rows.
        features: names in `muso_exp.features.tracks.FEATURES`; one that the table lacks is left
            to `read_features`.
    """
    known = [name for name in features if name in table]
    texts = table[known].astype(str).apply(lambda column: column.str.strip())
    bad = (texts == "").all(axis=1).to_numpy(copy=True) if known else np.zeros(len(table), bool)
    left = {"without audio features": int(bad.sum())}
    for name in known:
        now = ~_range(table, name).contains(_values(table, name)) & ~bad
        left[f"without a valid {name}"] = int(now.sum())
        bad |= now
    return table[~bad], {reason: number for reason, number in left.items() if number}


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Return where each column is: of a known role by our name, any other one by its own.

    Raises:
        DataFormatError: two columns for one feature.
    """
    roles = ["track_id", "track", "artist", *FEATURES]
    for name in FEATURES:
        if len(columns_of(header, name)) > 1:
            raise DataFormatError(path, "two columns for one feature", line=1, value=name)
    ours = {_NAMES.get(role, role): n for role, n in find_columns(header, roles).items()}
    if "id" not in ours and "song" in header and are_estimates(header):
        ours["id"] = header.index("song")  # the file that was heard
    others = {header[n]: n for n in reversed(range(len(header))) if n not in ours.values()}
    return dict(sorted((others | ours).items(), key=lambda item: item[1]))


def _json_table(path: Path) -> pd.DataFrame:
    """Read `{"audio_features": [{...}, ...]}`, or the list alone; null is an unknown track."""
    content = read_json(path)
    if _is_object(content):
        content = dict(content).get("audio_features")
    if not isinstance(content, list):
        raise DataFormatError(path, 'a list, or {"audio_features": [...]}, is needed')
    numbered = [(number, item) for number, item in enumerate(content, 1) if item is not None]
    for number, item in numbered:
        if not _is_object(item):
            raise DataFormatError(path, f"entry {number} is no object", value=item)
    if not numbered:
        raise DataFormatError(path, "no track in the list", fix="give the list that has them")
    table = pd.DataFrame([dict(item) for _, item in numbered], dtype=object)
    columns = _columns(path, [str(name) for name in table.columns])
    table = table.iloc[:, list(columns.values())].set_axis(list(columns), axis=1)
    table["line"] = [number for number, _ in numbered]
    return table


def _is_object(content: Any) -> bool:
    """Return whether JSON content is an object as `read_json` gives it: (key, value) tuples."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(pair, tuple) for pair in content)
    )


def log_left_out(left: Mapping[str, int]) -> None:
    """Log how many rows of new input are left out, by reason."""
    for reason, number in left.items():
        log.warning("%s rows %s are left out", number, reason)


def _delimiter(path: Path) -> str:
    """Return what stands between the columns: by it the first line has the most known headings."""
    with open_data(path) as file:
        first = file.readline(MAX_LINE).decode("utf-8-sig", errors="replace")
    roles = ["track_id", "track", "artist", *FEATURES]

    def n_known(mark: str) -> int:
        return len(find_columns([cell.strip(' "\r\n') for cell in first.split(mark)], roles))

    return max(",;\t", key=n_known)


def _first_artist(value: Any) -> Any:
    """Return the first artist of a list, as `A;B` or `['A', 'B']`; another value as it is."""
    if not isinstance(value, str) or not (";" in value or value[:1] == "["):
        return value
    listed = listed_texts(value) or [name.strip() for name in value.split(";")]
    return listed[0] or value


def _name(artist: str, title: str, line: int) -> str:
    """Return what stands for the id of a track that has none."""
    return f"{artist}: {title}" if artist or title else f"line {line}"


def bare_id(value: Any) -> str:
    """Return a track id without the rest of its URI or address."""
    last = str(value or "").strip().removeprefix("spotify:track:").rpartition("/track/")[2]
    return last.partition("?")[0]
