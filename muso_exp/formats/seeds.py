"""Seeds of a new user or playlist: lists of ids or names, and tables of items."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.columns import find_columns
from muso_exp.formats.text import read_text
from muso_exp.formats.track_tables import bare_id, read_rows
from muso_exp.opening import is_file


@dataclass(frozen=True)
class SeedList:
    """The songs or artists of a new user or playlist.

    Attributes:
        path: of the file.
        rows: id, artist, title (empty where not given) and line, a row per seed.
        plays: of each seed, shape (n_seeds,); None where the file has none.
        title: of the playlist, None without.
    """

    path: Path
    rows: pd.DataFrame
    plays: np.ndarray | None
    title: str | None

    def names(self, which: np.ndarray) -> list[str]:
        """Return what the chosen seeds (n_seeds,), bool, are called in the file."""
        rows = self.rows.loc[which, ["artist", "title", "id"]].itertuples(index=False)
        return [" - ".join(part for part in row[:2] if part) or row[2] for row in rows]


def read_seeds(path: Path) -> SeedList:
    """Read a list of ids, addresses or names, one a line, or a table with a header.

    Args:
        path: .txt or .csv, plain or .gz. A table has an id (`track_id`, `uri`, ...), or artist and
            title, as the tables of tracks and playlists have them; and optionally `plays` and
            `playlist_name`. A name in a list is `artist` or `artist - title`.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no seed, a table without id and names or with tabs, several playlists, or a
            play count that is no number > 0.
    """
    if not is_file(path):
        raise DatasetNotFoundError(path.parent, [path.name], "give a list or table of seeds")
    lines = read_text(path).splitlines()
    listed = [(number, text) for number, line in enumerate(lines, 1) if (text := line.strip())]
    if not listed:
        raise DataFormatError(path, "no seed in the file", fix="write one id or name a line")
    first = listed[0][1]
    named = find_columns(first.split(","), ["track_id", "track", "artist"])
    if ".json" in path.suffixes or (named and ".txt" not in path.suffixes):
        return _read_table(path)
    if "\t" in first:
        raise DataFormatError(path, "a tab", line=1, value=first, fix="save the table as CSV")
    if "," in first and ".csv" in path.suffixes:
        fix = "name the columns so, or give a list with the suffix .txt"
        raise DataFormatError(path, "no column id, artist or title", line=1, value=first, fix=fix)
    rows = pd.DataFrame(
        [(bare_id(text), *_parted(text), number) for number, text in listed],
        columns=["id", "artist", "title", "line"],
    )
    return SeedList(path, rows, None, None)


def _parted(text: str) -> tuple[str, str]:
    artist, _, title = text.strip('"').partition(" - ")
    return artist, title


def _read_table(path: Path) -> SeedList:
    rows = read_rows(path)
    header = [str(name) for name in rows]
    roles = find_columns(header, ["playlist_id", "playlist_name", "plays"])
    column = {role: rows.iloc[:, place] for role, place in roles.items()}
    n_playlists = column["playlist_id"].nunique() if "playlist_id" in column else 1
    if n_playlists > 1:
        raise DataFormatError(path, f"{n_playlists} playlists", fix="give one playlist a file")
    title = column["playlist_name"].iloc[0] if "playlist_name" in column else None
    plays = _plays(path, rows, header[roles["plays"]]) if "plays" in roles else None
    return SeedList(path, rows[["id", "artist", "title", "line"]], plays, title)


def _plays(path: Path, rows: pd.DataFrame, name: str) -> np.ndarray:
    plays = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=np.float64)
    good = np.isfinite(plays) & (plays > 0)
    if not good.all():
        bad = rows.iloc[int(np.argmin(good))]
        raise DataFormatError(
            path, "a number > 0 is needed", line=int(bad["line"]), column=name, value=bad[name]
        )
    return plays
