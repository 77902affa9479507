"""Reading tracks with audio features, in any of the usual formats.

CSV with one row per track, of commas, semicolons (with decimal commas) or tabs; the CSV that
Exportify writes (other column names and languages, URIs for ids, a byte-order mark); the JSON of
Spotify's audio-features end point; the features that `predict` estimates from sound, which stand
between columns `<feature>_low` and `<feature>_high`. Plain, .gz or .bz2.
"""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.features.matching import listed_texts
from muso_exp.features.tracks import FEATURES
from muso_exp.formats.columns import columns_of, find_columns, no_column
from muso_exp.formats.feature_columns import are_estimates
from muso_exp.formats.tables import read_table
from muso_exp.formats.text import read_json
from muso_exp.opening import MAX_LINE, PACKED, is_file, open_data
from muso_exp.text import counted

log = logging.getLogger(__name__)

SUFFIXES = tuple(kind + end for kind in (".csv", ".tsv", ".json") for end in ("", *PACKED))

BAD_ROW = "correct or remove the row, or set dataset.bad_rows=drop"
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
        raise no_column(path, header, roles, "without any of them no track can be identified")
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
        log.warning("%s %s left out", counted(number, "row"), reason)


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
