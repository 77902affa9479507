"""Sound files that a trained model is asked about, with their names where a layout gives them."""

from pathlib import Path

import pandas as pd

from muso_exp.errors import ConfigError
from muso_exp.formats.sound.layouts import find_layout, read_tracks
from muso_exp.formats.sound.new_songs import find_songs


def find_new_songs(path: Path) -> pd.DataFrame:
    """Return the sound files at a path: one file, a data set in a known layout, or any folder.

    Returns:
        track_id, path, artist, title and genre ("" where unknown), a row per file.

    Raises:
        DatasetNotFoundError: no such file or folder, or no sound file in it.
        DataFormatError: a table of a layout that holds what it must not.
    """
    if path.is_dir() and _has_layout(path):
        return read_tracks(path)[["track_id", "path", "artist", "title", "genre"]]
    return find_songs(path).assign(artist="", title="", genre="")


def _has_layout(folder: Path) -> bool:
    try:
        find_layout(folder)
    except ConfigError:
        return False
    return True
