"""Sound files in a folder per genre, without a table: GTZAN, and anybody's own."""

import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from muso_exp.sound.decoding import AudioError, open_audio
from muso_exp.sound.suffixes import CONVERT, SUFFIXES, count_suffixes, is_sound, is_unread
from muso_exp.text import visible

log = logging.getLogger(__name__)

_TABLES = ("manifest.csv", "tracks.csv", "fma_metadata/tracks.csv")
_NUMBER = re.compile(r"\d+|[0-9a-f]")  # 007, and 0 to f as of MagnaTagATune
_SHOWN = 5  # names of folders in a message


def gtzan_files(root: Path) -> list[Path]:
    """Return the files named `<genre>/<genre>.<number>.<suffix>`, sorted."""
    files = [*root.glob("*/*.*"), *root.glob("genres*/*/*.*")]
    named = [path for path in files if path.name.startswith(path.parent.name + ".")]
    sound = [path for path in named if path.suffix.lower() in SUFFIXES]
    return sorted(path for path in sound if path.stem.rpartition(".")[2].isdecimal())


def read_gtzan(root: Path) -> pd.DataFrame:
    """Return the tracks of GTZAN; its artists are in no file of it."""
    files = gtzan_files(root)
    return track_table(
        track_id=[path.stem for path in files],
        path=[str(path) for path in files],
        genre=[path.parent.name for path in files],
    )


def has_sound_only(root: Path) -> bool:
    """Return whether a folder holds sound files and none of the tables of other layouts."""
    return not any((root / name).exists() for name in _TABLES) and bool(sound_files(root))


def read_folder(root: Path) -> pd.DataFrame:
    """Return the sound files of a folder; the folder in it where a file lies is its genre.

    A file that lies in no such folder has no genre; folders further down do not count. Artist and
    title are the tags that libsndfile finds in the file.
    """
    found = sound_files(root)
    _warn_of_unread(root, found)
    files = [path.relative_to(root) for path in found]
    tags = [_own_tags(root / path) for path in files]
    return track_table(
        track_id=[path.as_posix() for path in files],
        path=[str(path) for path in files],
        artist=[found.get("artist", "").strip() for found in tags],
        title=[
            found.get("title", "").strip() or path.stem
            for path, found in zip(files, tags, strict=True)
        ],
        genre=[path.parts[0] if len(path.parts) > 1 else "" for path in files],
    )


def sound_files(root: Path) -> list[Path]:
    """Return the sound files in a folder and the folders in it, sorted, without hidden ones.

    Those that are not read (`muso_exp.sound.suffixes`) are among them: decoding says why.
    """
    files = [path for path in root.rglob("*") if is_sound(path)]
    shown = [p for p in files if not any(n.startswith(".") for n in p.relative_to(root).parts)]
    return sorted(path for path in shown if path.is_file())


def is_numbered(genres: Iterable[str]) -> bool:
    """Return whether all names of folders are numbers, which no genres are; "" does not count.

    Letters a to f are numbers only beside figures: folders called `a` and `b` alone are genres.
    """
    named = {genre for genre in genres if genre}
    has_figure = any(genre.isdigit() for genre in named)
    return has_figure and all(_NUMBER.fullmatch(genre) for genre in named)


def why_no_genres(root: Path) -> str:
    """Return why the folders of sound files in `root` give no genres, and what to do; or ""."""
    if not has_sound_only(root):
        return ""
    folders = _folders(root, sound_files(root))
    if is_numbered(folders):
        return (
            f"its folders are numbers ({_listed(folders)}), which name no genres; a manifest.csv "
            "names them, and dataset.layout=folder takes the numbers"
        )
    below = root
    while len(folders) == 1:
        below /= folders.pop()
        folders = _folders(below, sound_files(below))
    if below == root or not folders:
        return ""
    return f"set dataset.root={below}, which holds {_listed(folders)}"


def _warn_of_unread(root: Path, files: Sequence[Path]) -> None:
    """Log how many sound files are not read, and the folders that hold no other ones."""
    unread = [path for path in files if is_unread(path)]
    if unread:
        lost = _folders(root, files) - _folders(root, set(files) - set(unread))
        log.warning(
            "%s: %d of %d sound files have suffixes that are not read (%s) and are left out%s; %s",
            *(root, len(unread), len(files), count_suffixes(unread)),
            f", among them all of {_listed(lost)}" if lost else "",
            CONVERT,
        )


def _folders(root: Path, files: Iterable[Path]) -> set[str]:
    """Return the names of the folders in `root` that some of the files lie in."""
    parts = [path.relative_to(root).parts for path in files]
    return {visible(own[0]) for own in parts if len(own) > 1}


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f", ... ({len(shown)})" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _own_tags(path: Path) -> dict[str, str]:
    """Return the tags in a file, none of one that cannot be opened: reading it will say why."""
    try:
        with open_audio(path) as (file, _):
            return {name: visible(tag) for name, tag in file.copy_metadata().items()}
    except AudioError:
        return {}


def track_table(**columns: list[str]) -> pd.DataFrame:
    """Return a table of tracks, its absent columns empty.

    A file whose name no table can hold has no such path: it is quarantined as `missing`.
    """
    shown = {name: [visible(text) for text in texts] for name, texts in columns.items()}
    tracks = pd.DataFrame(shown, dtype=str)
    for name in {"artist", "title", "genre", "split"} - set(columns):
        tracks[name] = ""
    tracks["tags"] = [[] for _ in range(len(tracks))]
    return tracks
