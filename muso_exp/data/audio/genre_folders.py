"""Sound files in a folder per genre, without a table: GTZAN, and anybody's own."""

from pathlib import Path

import pandas as pd

from muso_exp.data.audio.decoding import AudioError, open_audio
from muso_exp.text import visible

SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au"}
_TABLES = ("manifest.csv", "tracks.csv", "fma_metadata/tracks.csv")


def gtzan_files(root: Path) -> list[Path]:
    """Return the files named `<genre>/<genre>.<number>.<suffix>`, sorted."""
    files = [*root.glob("*/*.*"), *root.glob("genres*/*/*.*")]
    named = [path for path in files if path.name.startswith(path.parent.name + ".")]
    sound = [path for path in named if path.suffix.lower() in SUFFIXES]
    return sorted(path for path in sound if path.stem.rpartition(".")[2].isdecimal())


def read_gtzan(root: Path) -> pd.DataFrame:
    """Return the tracks of GTZAN; its artists are in no file of it."""
    files = gtzan_files(root)
    return _tracks(
        track_id=[path.stem for path in files],
        path=[str(path) for path in files],
        genre=[path.parent.name for path in files],
    )


def has_sound_only(root: Path) -> bool:
    """Return whether a folder holds sound files and none of the tables of other layouts."""
    return not any((root / name).exists() for name in _TABLES) and bool(_sound_files(root))


def read_folder(root: Path) -> pd.DataFrame:
    """Return the sound files of a folder; the folder in it where a file lies is its genre.

    A file that lies in no such folder has no genre; folders further down do not count. Artist and
    title are the tags that libsndfile finds in the file.
    """
    files = [path.relative_to(root) for path in _sound_files(root)]
    tags = [_own_tags(root / path) for path in files]
    return _tracks(
        track_id=[path.as_posix() for path in files],
        path=[str(path) for path in files],
        artist=[found.get("artist", "").strip() for found in tags],
        title=[
            found.get("title", "").strip() or path.stem
            for path, found in zip(files, tags, strict=True)
        ],
        genre=[path.parts[0] if len(path.parts) > 1 else "" for path in files],
    )


def _sound_files(root: Path) -> list[Path]:
    """Return the sound files in a folder and the folders in it, sorted, without hidden ones."""
    files = [path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES]
    shown = [p for p in files if not any(n.startswith(".") for n in p.relative_to(root).parts)]
    return sorted(path for path in shown if path.is_file())


def _own_tags(path: Path) -> dict[str, str]:
    """Return the tags in a file, none of one that cannot be opened: reading it will say why."""
    try:
        with open_audio(path) as (file, _):
            return {name: visible(tag) for name, tag in file.copy_metadata().items()}
    except AudioError:
        return {}


def _tracks(**columns: list[str]) -> pd.DataFrame:
    """Return a table of tracks, its absent columns empty.

    A file whose name no table can hold has no such path: it is quarantined as `missing`.
    """
    shown = {name: [visible(text) for text in texts] for name, texts in columns.items()}
    tracks = pd.DataFrame(shown, dtype=str)
    for name in {"artist", "title", "genre", "split"} - set(columns):
        tracks[name] = ""
    tracks["tags"] = [[] for _ in range(len(tracks))]
    return tracks
