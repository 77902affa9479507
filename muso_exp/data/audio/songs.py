"""New songs that a trained model is asked about: a file, or a folder of files."""

import logging
from pathlib import Path

import pandas as pd

from muso_exp.data.audio.genre_folders import SUFFIXES
from muso_exp.errors import DatasetNotFoundError
from muso_exp.text import visible

log = logging.getLogger(__name__)


def find_songs(path: Path) -> pd.DataFrame:
    """Return `track_id` (the path within the folder) and `path` of the sound files, sorted.

    A file is taken whatever its name; of a folder, and the folders in it, the files whose suffix
    is one of sound.

    Raises:
        DatasetNotFoundError: no such file or folder, or no sound file in it.
    """
    if path.is_dir():
        songs = sorted(song for song in path.rglob("*") if song.suffix.lower() in SUFFIXES)
        if not songs:
            known = ", ".join(sorted(SUFFIXES))
            raise DatasetNotFoundError(path, ["any sound file"], f"names must end in {known}")
        names = [visible(song.relative_to(path)) for song in songs]
    elif path.exists():
        songs, names = [path], [visible(path.name)]
    else:
        raise DatasetNotFoundError(path.parent, [path.name], "give a sound file or a folder")
    return pd.DataFrame({"track_id": names, "path": [visible(song.absolute()) for song in songs]})


def warn_of_bad(quarantine: pd.DataFrame, n_songs: int) -> None:
    """Log which of the songs cannot be used, and why."""
    if len(quarantine):
        log.warning("%d of %d files cannot be used and are left out:", len(quarantine), n_songs)
    for name, code, detail in quarantine[["track_id", "code", "detail"]].itertuples(index=False):
        log.warning("  %s: %s: %s", name, code, detail)
