"""Seeds of a new user or playlist: lists of ids or names, tables, and listening histories."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.listening.histories import MIN_SECONDS, History, is_history, read_history
from muso_exp.formats.text import decoded_lines, read_text
from muso_exp.formats.track_tables import bare_id, read_rows
from muso_exp.opening import is_file
from muso_exp.sound.suffixes import is_sound

log = logging.getLogger(__name__)

_ADDRESS = r"^(?:spotify:track:|.*/track/)|\?.*$"  # what `bare_id` leaves out


@dataclass(frozen=True)
class SeedList:
    """The songs or artists of a new user or playlist.

    Attributes:
        path: of the file.
        rows: id, artist, title (empty where not given), a row per seed.
        plays: of each seed, shape (n_seeds,); None where they are a list.
        title: of the playlist, None without.
    """

    path: Path
    rows: pd.DataFrame
    plays: np.ndarray | None
    title: str | None

    @property
    def counts(self) -> np.ndarray:
        """Return the plays of each seed, 1 each where they are a list, shape (n_seeds,)."""
        return np.ones(len(self.rows)) if self.plays is None else self.plays

    def names(self, which: np.ndarray) -> list[str]:
        """Return what the chosen seeds (n_seeds,), bool, are called in the file."""
        rows = self.rows.loc[which, ["artist", "title", "id"]].itertuples(index=False)
        return [" - ".join(part for part in row[:2] if part) or row[2] for row in rows]


def read_seeds(
    paths: Path | Sequence[Path], min_seconds: float = MIN_SECONDS, one_list: bool = False
) -> SeedList:
    """Read what one person plays or likes: ids or names, one a line, or any listening history.

    Args:
        paths: a list of names (.txt), a table of tracks with an id, or artist and title; or what
            `muso_exp.formats.listening.histories.read_history` reads. A name in a list is `artist`
            or `artist - title`.
        min_seconds: a play of a history of which fewer are known is left out.
        one_list: whether it is to be one playlist.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no seed, a table without id and names, several playlists where it is to be
            one, or a play count that is no number.
    """
    given = [paths] if isinstance(paths, Path) else list(paths)
    path = given[0]
    if len(given) > 1 or path.is_dir() or path.suffix.lower() == ".zip":
        return _of_history(given, min_seconds, one_list)
    if not is_file(path):
        raise DatasetNotFoundError(path.parent, [path.name], "give a list or table of seeds")
    if is_sound(path):
        raise DataFormatError(path, "a sound file", fix="give a list or table of songs by name")
    if is_history(path) and (".txt" not in path.suffixes or "\t" in _first_line(path)):
        return _of_history(given, min_seconds, one_list)
    if ".json" in path.suffixes:
        rows = read_rows(path)
        return SeedList(path, rows[["id", "artist", "title"]], None, None)
    return _read_list(path)


def _of_history(given: Sequence[Path], min_seconds: float, one_list: bool) -> SeedList:
    """Return the songs of a history, each once, with the sum of its plays."""
    history = read_history(given, min_seconds=min_seconds, one_person=True)
    log.info("%s", history.summary())
    lists = sorted(set(history.table["playlist"].unique()) - {""})
    if one_list and len(lists) > 1:
        problem = f"{len(lists)} playlists"
        raise DataFormatError(given[0], problem, fix="give one playlist a file")
    seeds, _ = seeds_of(history, given[0])
    return replace(seeds, title=lists[0] if len(lists) == 1 else None)


def seeds_of(history: History, path: Path) -> tuple[SeedList, np.ndarray]:
    """Return the songs of a history, each once, with the sum of its plays.

    Args:
        history: of one person.
        path: of the history, for messages.

    Returns:
        The seeds, and the number of the seed of each row of the history, shape (n_rows,).
    """
    table = history.table[["uri", "artist", "title", "n_plays"]].rename(columns={"uri": "id"})
    table["id"] = table["id"].str.replace(_ADDRESS, "", regex=True)
    groups = table.groupby(["id", "artist", "title"], sort=False)
    songs = groups["n_plays"].sum(min_count=1)
    plays = None if songs.isna().all() else songs.to_numpy(dtype=np.float64)
    rows = songs.reset_index()[["id", "artist", "title"]].astype(object)
    return SeedList(path, rows, plays, None), groups.ngroup().to_numpy()


def _first_line(path: Path) -> str:
    return next(decoded_lines(path), "")


def _read_list(path: Path) -> SeedList:
    listed = [text for line in read_text(path).splitlines() if (text := line.strip())]
    if not listed:
        raise DataFormatError(path, "no seed in the file", fix="write one id or name a line")
    first = listed[0]
    if "\t" in first or ("," in first and ".csv" in path.suffixes):
        fix = "put a header on top, such as artist,track,date or artist,plays"
        raise DataFormatError(path, "no column id, artist or title", line=1, value=first, fix=fix)
    rows = [(bare_id(text), *_parted(text)) for text in listed]
    return SeedList(path, pd.DataFrame(rows, columns=["id", "artist", "title"]), None, None)


def _parted(text: str) -> tuple[str, str]:
    artist, _, title = text.strip('"').partition(" - ")
    return artist, title
