"""Folders of sound files, published ones and others -> one table of tracks."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.formats.columns import find_columns, require_columns
from muso_exp.formats.sound.genre_folders import (
    gtzan_files,
    has_sound_only,
    is_numbered,
    read_folder,
    read_gtzan,
)
from muso_exp.formats.sound.tagged_collections import (
    is_magnatagatune,
    jamendo_tables,
    read_jamendo,
    read_magnatagatune,
)
from muso_exp.formats.tables import Pick, read_table, refuse_where
from muso_exp.opening import MAX_LINE, is_file

_TABLES = (".csv", ".tsv", ".json")  # suffixes of files that stand for their folder
COLUMNS = ["track_id", "path", "artist", "title", "genre", "tags", "split"]
ROLES = ("track_id", "path", "artist", "track", "genre", "tags", "split")
_NAMES = {"track": "title"}  # roles of the vocabulary that are named otherwise
SPLITS = ("", "train", "val", "test")
_SPLIT_NAMES = {
    "training": "train",
    "validation": "val",
    "valid": "val",
    "testing": "test",
}
FMA_COLUMNS = {
    "artist": ("artist", "name"),
    "title": ("track", "title"),
    "genre": ("track", "genre_top"),
    "split": ("set", "split"),
    "tags": ("track", "tags"),
}


@dataclass(frozen=True)
class SoundLayout:
    """A way in which sound files lie in a folder.

    Attributes:
        fits: whether a folder looks like it.
        read: a folder -> its tracks.
        looks: what a folder of this layout holds, in words.
    """

    fits: Callable[[Path], bool]
    read: Callable[[Path], pd.DataFrame]
    looks: str


def read_tracks(root: Path, layout: str = "auto") -> pd.DataFrame:
    """Return the tracks of a folder, in the order of its table or of its file names.

    Args:
        root: the folder, or the table in it.
        layout: auto, or one of `LAYOUTS`. With auto, folders that are numbers are no genres.

    Returns:
        A row per track: track_id (unique), path (absolute; the file need not be sound), artist
        and genre ("" unknown), title, tags (list), split ("", train, val or test).

    Raises:
        ConfigError: no such layout, none that fits, or two.
        DatasetNotFoundError: no folder, or the layout's table is not in it.
        DataFormatError: a table that its layout does not allow, or no track at all.
    """
    root = root.absolute()
    if root.is_file() and root.suffix.lower() in _TABLES:
        root = root.parent
    if not root.is_dir():
        raise DatasetNotFoundError(root, ["the folder itself"], "set dataset.root")
    if layout != "auto" and layout not in LAYOUTS:
        raise ConfigError(f"layout={layout}: choose one of auto, {', '.join(LAYOUTS)}")
    found = find_layout(root) if layout == "auto" else layout
    tracks = LAYOUTS[found].read(root)
    if layout == "auto" and found == "folder" and is_numbered(tracks["genre"]):
        tracks["genre"] = ""
    if not len(tracks):
        raise DataFormatError(root, "no track in it", fix="put its tracks there")
    repeated = tracks["track_id"].duplicated()
    if repeated.any():
        first = tracks["track_id"][repeated].iloc[0]
        raise DataFormatError(root, "two tracks with one track_id", value=first)
    tracks["path"] = [str(root / path) for path in tracks["path"]]
    return tracks.reset_index(drop=True)[COLUMNS]


def find_layout(root: Path) -> str:
    """Return the name of the layout that a folder has: `folder` only if it has no other.

    Raises:
        ConfigError: none, or two.
    """
    fitting = [name for name, layout in PUBLISHED.items() if layout.fits(root)]
    if not fitting and LAYOUTS["folder"].fits(root):
        return "folder"
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " and ".join(fitting)
        raise ConfigError(f"{root}: looks like {names}; set dataset.layout to one of them")
    known = "; ".join(f"{name}: {layout.looks}" for name, layout in LAYOUTS.items())
    raise ConfigError(f"{root}: no layout of sound files that is known ({known})")


def _read_table(path: Path, pick: Pick, header_lines: int = 1) -> pd.DataFrame:
    """Return columns of a comma-separated table as text.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no such table.
    """
    if not is_file(path):
        raise DatasetNotFoundError(path.parent, [path.name], "copy the whole folder")
    return read_table(path, pick, header_lines=header_lines)


def _complete(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with all COLUMNS, the absent ones empty and the values checked.

    Raises:
        DataFormatError: an empty value in a column that is needed, or an unknown split.
    """
    for name in ("track_id", "path"):
        refuse_where(path, table, name, (table[name] == "").to_numpy(), "an empty value")
    for name in COLUMNS:
        if name not in table:
            table[name] = ""
    table["split"] = table["split"].replace(_SPLIT_NAMES)
    unknown = ~table["split"].isin(SPLITS).to_numpy()
    refuse_where(path, table, "split", unknown, "train, val, test or nothing is needed")
    return table


def _manifest_header(root: Path) -> list[str]:
    """Return the headings of a folder's manifest.csv, none where there is no such file."""
    path = root / "manifest.csv"
    if not is_file(path):
        return []
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return [name.strip() for name in file.readline(MAX_LINE).split(",")]


def _read_manifest(root: Path, needed: Sequence[str] = ("track_id", "path")) -> pd.DataFrame:
    path = root / "manifest.csv"

    def pick(header: list[str]) -> dict[str, int]:
        require_columns(path, needed, header)
        return {_NAMES.get(role, role): n for role, n in find_columns(header, ROLES).items()}

    table = _complete(path, _read_table(path, pick))
    table["tags"] = [[tag for tag in tags.split("|") if tag] for tags in table["tags"]]
    return table


def _read_emotify(root: Path) -> pd.DataFrame:
    table = _read_manifest(root, ("track_id", "path", "genre"))
    missing = (table["genre"] == "").to_numpy()
    refuse_where(root / "manifest.csv", table, "genre", missing, "an empty value")
    return table


def _fma_table(root: Path) -> Path | None:
    places = [root / "tracks.csv", root / "fma_metadata" / "tracks.csv"]
    return next((path for path in places if is_file(path)), None)


def _fma_files(root: Path) -> dict[str, Path]:
    """Return the sound file of each FMA id; the larger subset wins where two are there."""
    files: dict[str, Path] = {}
    for subset in ("fma_small", "fma_medium", "fma_large", "fma_full", "."):
        for path in sorted((root / subset).glob("[0-9][0-9][0-9]/*.mp3")):
            if path.stem.isdecimal():
                files[str(int(path.stem))] = path
    return files


def _fma_columns(path: Path, kinds: list[str], names: list[str], _: list[str]) -> dict[str, int]:
    """Return where the columns of FMA's tracks.csv are, of 53.

    Its header takes three lines: the kind, the name, and the name of the first column.

    Raises:
        DataFormatError: another header.
    """
    found = {column: place for place, column in enumerate(zip(kinds, names, strict=False))}
    for column in FMA_COLUMNS.values():
        if column not in found:
            problem = f"no column {' '.join(column)} in the first two lines"
            raise DataFormatError(path, problem, line=1, fix="give FMA's own tracks.csv")
    return {"track_id": 0} | {name: found[column] for name, column in FMA_COLUMNS.items()}


def _read_fma(root: Path) -> pd.DataFrame:
    """Return the tracks of FMA whose files are there, in the order of tracks.csv."""
    path = _fma_table(root)
    if path is None:
        raise DatasetNotFoundError(root, ["tracks.csv"], "unpack fma_metadata.zip beside the sound")
    tracks = _read_table(path, partial(_fma_columns, path), header_lines=3)
    files = _fma_files(root)
    unknown = sorted(files.keys() - set(tracks["track_id"]))
    if unknown:
        raise DataFormatError(files[unknown[0]], f"its track is not in {path}", fix="copy it anew")
    tracks = tracks[tracks["track_id"].isin(files.keys())].copy()
    tracks["path"] = [str(files[track]) for track in tracks["track_id"]]
    tracks["tags"] = [_literal_tags(path, tags) for tags in tracks["tags"]]
    return _complete(path, tracks)


def _literal_tags(path: Path, text: str) -> list[str]:
    """Return FMA's tags, which are written as a Python list."""
    try:
        tags = ast.literal_eval(text) if text else []
    except (ValueError, SyntaxError) as error:
        raise DataFormatError(path, "no list of tags", column="tags", value=text) from error
    return [str(tag) for tag in tags]


PUBLISHED = {
    "manifest": SoundLayout(
        lambda root: {"path", "track_id"} <= set(_manifest_header(root)),
        _read_manifest,
        "manifest.csv with columns path, track_id",
    ),
    "fma": SoundLayout(
        lambda root: _fma_table(root) is not None,
        _read_fma,
        "tracks.csv and fma_small/000/000002.mp3",
    ),
    "gtzan": SoundLayout(lambda root: bool(gtzan_files(root)), read_gtzan, "blues/blues.00000.wav"),
    "emotify": SoundLayout(
        lambda root: "file" in _manifest_header(root) and is_file(root / "annotations.csv"),
        _read_emotify,
        "manifest.csv with column file, and annotations.csv",
    ),
    "magnatagatune": SoundLayout(
        is_magnatagatune, read_magnatagatune, "annotations_final.csv and folders 0 to f"
    ),
    "jamendo": SoundLayout(
        lambda root: bool(jamendo_tables(root)),
        read_jamendo,
        "autotagging.tsv and folders 00 to 99",
    ),
}
LAYOUTS = PUBLISHED | {
    "folder": SoundLayout(
        has_sound_only, read_folder, "a folder of sound files per genre, no table"
    )
}
