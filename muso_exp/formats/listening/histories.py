"""Listening histories of people, whatever service wrote them: one way in for every command.

`read_history(paths)` reads files, folders and zip archives, plain, .gz or .bz2; the format of each
file is found by its content (`services/`, one file a format):

    history = read_history([Path("my_spotify_data.zip")], timezone="Europe/Vienna")
    history.table      # pandas, a row per play, by user and time:
                       # user, time (UTC, NaT where there is none), artist, title, album, ms_played,
                       # uri, n_plays, playlist, part
    history.left_out   # {"plays under 30 s": 12, "podcasts or audiobooks": 3, ...}
    history.summary()  # all of it as a sentence
    history.local_time()  # the times in the time zone, for hours and days

A row of a table with counted plays has `n_plays` > 1 and no time. A library or a playlist holds no
plays: its rows have `n_plays` NaN, and are left out where the same user has plays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.listening.services import listenbrainz, spotify, spotify_lists, tables
from muso_exp.formats.listening.services.cleaning import cleaned, noted_twice
from muso_exp.formats.listening.services.listens import Format
from muso_exp.formats.listening.services.parts import Part, check_archives, entries, find_parts
from muso_exp.formats.readable_names import readable
from muso_exp.text import counted

FORMATS: tuple[Format, ...] = (
    *spotify.FORMATS,
    *spotify_lists.FORMATS,
    *listenbrainz.FORMATS,
    *tables.FORMATS,
)
MIN_SECONDS = 30  # a shorter play is none, as Spotify and Last.fm count
_SHOWN = 5  # names of files that a message shows


@dataclass(frozen=True)
class History:
    """What people listened to.

    Attributes:
        table: a row per play or counted plays, see the module.
        left_out: rows that are not in the table, by reason.
        formats: files that were read, by format.
        unread: names of files of no known format, as services put beside their histories.
        untimed: plays of a log whose time is unreadable or impossible.
        noted_twice: plays near which another service has the same song; they may be one.
        timezone: of `local_time`.
    """

    table: pd.DataFrame
    left_out: Mapping[str, int]
    formats: Mapping[str, int]
    unread: Sequence[str] = ()
    untimed: int = 0
    timezone: str = "UTC"
    noted_twice: int = 0

    @property
    def plays(self) -> int:
        """Return the number of plays; a row of a list is none."""
        return round(self.table["n_plays"].sum())

    @property
    def users(self) -> list[str]:
        """Return the users, ascending."""
        return sorted(self.table["user"].unique().tolist())

    def local_time(self) -> pd.Series:
        """Return the times in the time zone of the history."""
        return self.table["time"].dt.tz_convert(self.timezone)

    def summary(self) -> str:
        """Return what was read and what was left out as a sentence."""
        named = ["artist", "title"] if self.table["artist"].any() else ["uri"]
        songs = len(self.table.drop_duplicates(named))
        kind = "artists" if named[0] == "artist" and not self.table["title"].any() else "songs"
        files = ", ".join(f"{name}: {counted(n, 'file')}" for name, n in self.formats.items())
        listed = int(self.table["n_plays"].isna().sum())
        what = f"{listed:,} listed tracks" if listed else f"{self.plays:,} plays"
        text = f"{what} of {songs:,} {kind} read ({files})"
        if self.left_out:
            rows = ", ".join(f"{number:,} {reason}" for reason, number in self.left_out.items())
            text += f"; left out: {rows}"
        if self.untimed:
            text += f"; {self.untimed:,} plays have a time that is unreadable or impossible"
        if self.noted_twice:
            text += (
                f"; {self.noted_twice:,} plays are within ten minutes of a play of the same song "
                "in the export of another service, and may be the same ones: both are counted"
            )
        if self.unread:
            text += f"; not read: {_some(self.unread)}"
        return text


def read_history(
    paths: Path | Sequence[Path],
    timezone: str = "UTC",
    min_seconds: float = MIN_SECONDS,
    one_person: bool = False,
) -> History:
    """Read listening histories.

    Args:
        paths: files, folders or zip archives. Each is a user, unless a column names users or
            `one_person` is set; files that a service numbers, such as StreamingHistory0.json,
            are one user's. Of a single folder each file and folder in it counts as given.
        timezone: of `History.local_time`, such as Europe/Vienna.
        min_seconds: a play of which fewer are known is left out.
        one_person: whether all of it is one person's.

    Raises:
        DatasetNotFoundError: nothing lies at a path.
        DataFormatError: a damaged file, no history in what was given, nothing left of it, or
            several users in the columns of one person.
        ConfigError: no such time zone.
    """
    _require_zone(timezone)
    given = [paths] if isinstance(paths, Path) else list(paths)
    parts = find_parts(given if one_person else _by_user(given))
    read, unread = _recognised(parts, given)
    if not read:
        raise _nothing_known(given, unread)
    check_archives(part for part, _ in read)
    rows, left, formats = [], Counter[str](), Counter[str]()
    for number, (part, kind) in enumerate(read):
        found = kind.read(part)
        left += found.left_out
        formats[kind.name] += 1
        owner = _owner(part, kind, given)
        rows.append(_with_part(found.table, number, owner, one_person))
    table = readable(pa.concat_tables(rows)).to_pandas()
    names = [part.name for part, _ in read]
    timed = table.loc[table["time"].notna(), "part"].unique()
    if one_person:
        _refuse_several(table, given[0])
    table, more = cleaned(table, min_seconds)
    untimed = _untimed(table, timed)
    left += more
    if table.empty:
        gone = ", ".join(f"{number:,} {reason}" for reason, number in left.items())
        problem = f"no play is left of it: {gone}" if gone else "no rows below the header"
        raise DataFormatError(given[0], problem, fix="give the one that has them")
    twice = noted_twice(table, [kind.name for _, kind in read])
    table["part"] = pd.Categorical.from_codes(table["part"].to_numpy(), pd.Index(range(len(names))))
    table["part"] = table["part"].map(dict(enumerate(names)))
    return History(table, dict(left), dict(formats), unread, untimed, timezone, twice)


def read_listed(root: Path) -> pd.DataFrame:
    """Return the tracks of playlists: Exportify's files, `Playlist1.json`, tables of tracks.

    Args:
        root: a file, a folder or a zip archive. A file is a list of its name, unless it names its
            playlists; histories of plays beside them are passed over.

    Returns:
        playlist, uri, artist, title, in the order of the lists.

    Raises:
        DataFormatError: a damaged file, or no list.
    """
    read, unread = _recognised(find_parts(entries(root)), [root])
    tables = []
    for part, kind in read:
        table = kind.read(part).table.to_pandas()
        if table["user"].any() or table["time"].notna().any():
            continue
        stem = part.name.rpartition(".")[0] or part.name
        table["playlist"] = table["playlist"].where(table["playlist"] != "", stem)
        tables.append(table[["playlist", "uri", "artist", "title"]])
    if not tables:
        raise _nothing_known([root], unread)
    return pd.concat(tables, ignore_index=True)


def is_history(path: Path) -> bool:
    """Return whether a file is one of a listening history, by its content.

    Raises:
        DataFormatError: a file that cannot be read.
    """
    return _format_of(Part(path, "").head()) is not None


def _format_of(head: str) -> Format | None:
    return next((kind for kind in FORMATS if kind.recognise(head)), None)


def _require_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"timezone={timezone}: no such time zone; give a name such as Europe/Vienna"
        ) from error


def _by_user(given: Sequence[Path]) -> list[Path]:
    """Return what counts as one user each: what was given, or what lies in a single folder."""
    return entries(given[0]) if len(given) == 1 else list(given)


def _owner(part: Part, kind: Format, given: Sequence[Path]) -> str:
    """Return whose plays these are: of files that a service numbers, the folder's."""
    alone = not part.member and part.path.parent == given[0]
    if alone and kind.numbered is not None and kind.numbered.fullmatch(part.name):
        return part.path.parent.resolve().name
    return part.owner


def _recognised(
    parts: Sequence[Part], given: Sequence[Path]
) -> tuple[list[tuple[Part, Format]], list[str]]:
    """Return the parts with their formats, and the names of those of no known format.

    Raises:
        DataFormatError: a file that was itself given has no known format.
    """
    read, unread = [], []
    for part in parts:
        if part.leads_out:
            unread.append(f"{part.member} (its name leads out of the archive)")
            continue
        kind = _format_of(part.head())
        if kind is not None:
            read.append((part, kind))
        elif part.path in given and not part.member and len(given) > 1:
            raise _nothing_known([part.path], [])
        else:
            unread.append(part.name)
    return read, unread


def _nothing_known(given: Sequence[Path], unread: Sequence[str]) -> DataFormatError:
    known = ", ".join(dict.fromkeys(kind.name for kind in FORMATS))
    there = f" in {_some(unread)}" if unread and unread != [given[0].name] else ""
    fix = "of a table the first line holds headings such as artist, track, date; or plays"
    return DataFormatError(given[0], f"no listening history{there}; known are: {known}", fix=fix)


def _with_part(table: pa.Table, number: int, owner: str, one_person: bool) -> pa.Table:
    """Return rows with the number of their part, and the owner where no user is named."""
    if not one_person:
        user = table["user"].to_pandas()
        table = table.set_column(0, "user", pa.array(user.where(user != "", owner), pa.string()))
    part = pa.repeat(pa.scalar(number, pa.int32()), table.num_rows)
    return table.append_column("part", part)


def _refuse_several(table: pd.DataFrame, path: Path) -> None:
    """Raise DataFormatError if a file names several users; the rows are all one person's.

    Files that each name one user are that person's accounts.
    """
    named = table[table["user"] != ""]
    users = sorted(named["user"].unique())
    if named.groupby("part")["user"].nunique().max() > 1:
        problem = f"plays of {len(users)} users ({_some(users)})"
        raise DataFormatError(path, problem, fix="give those of one person")
    table["user"] = users[0] if users else ""


def _untimed(table: pd.DataFrame, timed: np.ndarray) -> int:
    """Return how many plays have no time, in the parts that have times."""
    return int((table["time"].isna() & table["part"].isin(timed)).sum())


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
