"""New songs that a trained model is asked about: a file, or a folder of files."""

import logging
from pathlib import Path

import pandas as pd

from muso_exp.errors import DatasetNotFoundError
from muso_exp.formats.sound.genre_folders import sound_files
from muso_exp.sound.suffixes import CONVERT, SUFFIXES, count_suffixes
from muso_exp.text import visible

log = logging.getLogger(__name__)


def find_songs(path: Path) -> pd.DataFrame:
    """Return `track_id` (the path within the folder) and `path` of the sound files, sorted.

    A file is taken whatever its name; of a folder, and the folders in it, the files whose suffix
    is one of sound, without hidden ones.

    Raises:
        DatasetNotFoundError: no such file or folder, or no sound file in it.
    """
    if path.is_dir():
        songs = sound_files(path)
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
    """Log which of the songs cannot be used, and why; those of other formats in one line."""
    other = quarantine["code"] == "other_format"
    if other.any():
        counts = count_suffixes(map(Path, quarantine.loc[other, "track_id"]))
        log.warning("files of formats that are not read, left out: %s; %s", counts, CONVERT)
    bad = quarantine[~other]
    if len(bad):
        log.warning("%d of %d files cannot be used and are left out:", len(bad), n_songs)
    for name, code, detail in bad[["track_id", "code", "detail"]].itertuples(index=False):
        log.warning("  %s: %s: %s", name, code, detail)
