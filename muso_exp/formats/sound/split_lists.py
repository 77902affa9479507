"""Published lists: which track is in which part of a split, who plays a track."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.columns import require_columns
from muso_exp.formats.tables import read_table
from muso_exp.formats.text import read_text
from muso_exp.opening import is_file

_PARTS = {"train": "train", "val": "val", "dev": "val", "test": "test"}  # by how a name begins


def read_split_list(path: Path) -> dict[str, str]:
    """Return the part of a published split that each listed track is in.

    Args:
        path: a table with a header and columns `id` (or `track_id`) and `split`; or a folder with
            a text file per part, its name beginning with train, val or test, a track per line.

    Returns:
        train, val or test, by what the list calls a track: its id, its file name, or its path
        within the data set.

    Raises:
        DatasetNotFoundError: no such file or folder.
        DataFormatError: no list, an unknown part, or a track in two parts.
    """
    if path.is_dir():
        rows = [row for file in sorted(path.glob("*.txt")) for row in _lines(file)]
        if not rows:
            need = "no train*.txt, val*.txt or test*.txt with a track per line"
            raise DataFormatError(path, need, fix="give a table with columns id,split instead")
    else:
        rows = [(name, _part(path, split)) for name, split in _pairs(path, "split")]
    return _unique(path, rows)


def read_artist_list(path: Path) -> dict[str, str]:
    """Return the artist of each listed track, of a table with columns `id` and `artist`.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no list, or two artists for a track.
    """
    return _unique(path, _pairs(path, "artist"))


def set_listed(tracks: pd.DataFrame, column: str, listed: Mapping[str, str]) -> pd.DataFrame:
    """Return the tracks with a column as a list says; "" for a track that it leaves out.

    Args:
        tracks: `track_id` and `path` of each track.
        column: split or artist.
        listed: values by id, by file name, with or without suffix, or by the end of the path.

    Raises:
        DataFormatError: a listed track that is not among the tracks.
    """
    names = [
        _names(str(i), Path(p)) for i, p in zip(tracks["track_id"], tracks["path"], strict=True)
    ]
    unknown = sorted(set(map(_normal, listed)) - {name for row in names for name in row})
    if unknown:
        what = f"{len(unknown)} of {len(listed)} listed tracks are not in the data"
        raise DataFormatError(f"list of {column}", what, value=unknown[0], fix="copy both anew")
    values = {_normal(name): value for name, value in listed.items()}
    found = [next((values[name] for name in row if name in values), "") for row in names]
    return tracks.assign(**{column: found})


def _normal(name: str) -> str:
    return name.strip().removeprefix("./")


def _names(track_id: str, path: Path) -> list[str]:
    """Return what a list may call a track, the longest name first."""
    tails = ["/".join(path.parts[-n:]) for n in range(min(len(path.parts) - 1, 4), 0, -1)]
    return [*tails, track_id, path.stem]


def _lines(path: Path) -> list[tuple[str, str]]:
    """Return track and part of each line of a text file that is named after its part."""
    part = _part(path, path.stem)
    return [(line.strip(), part) for line in read_text(path).splitlines() if line.strip()]


def _part(path: Path, name: str) -> str:
    for start, part in _PARTS.items():
        if name.strip().lower().startswith(start):
            return part
    raise DataFormatError(path, "no part of a split", value=name, fix="use train, val or test")


def _pairs(path: Path, column: str) -> list[tuple[str, str]]:
    """Return the track ids and another column of a comma-separated table."""
    if not is_file(path):
        raise DatasetNotFoundError(path.parent, [path.name], f"give the path of the {column} list")
    table = read_table(path, partial(require_columns, path, ["track_id", column]))
    return list(zip(table["track_id"], table[column], strict=True))


def _unique(path: Path, rows: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in rows:
        if found.setdefault(name, value) != value:
            raise DataFormatError(path, f"in both {found[name]} and {value}", value=name)
    return found
