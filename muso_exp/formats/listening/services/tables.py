"""Tables of listening: with headings (Last.fm, Exportify, one's own, ...), or published without."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from muso_exp.csv_cells import GUARDED
from muso_exp.errors import DataFormatError
from muso_exp.formats.columns import find_columns
from muso_exp.formats.listening.csv_headers import ListeningTable, table_of
from muso_exp.formats.listening.logs import MOST_PLAYS
from muso_exp.formats.listening.services.listens import (
    NAMELESS,
    NO_PLAYS,
    NOT_MUSIC,
    Format,
    Listens,
    both_empty,
    is_empty,
    kept,
)
from muso_exp.formats.listening.services.parts import Part
from muso_exp.formats.listening.services.times import read_times
from muso_exp.formats.tables import split_rows, wrong_length

ROLES = (
    *("user", "artist", "album", "track", "track_id", "plays", "playlist_name", "playlist_id"),
    *("time", "date", "clock", "ms_played", "episode", "audiobook", "added"),
)
_NAMES = ("artist", "track", "track_id")  # of these a table of listening has one
_THOUSANDS = r"^\d{1,3}([,\x{a0}\x{202f} ]\d{3})+$"  # 1,200; 1.200 may be a weight
_LOG = 0.1  # share of rows that repeat others, from which a table is a log of plays


def is_table(head: str) -> bool:
    """Return whether the first line has a heading of an artist or a track, or is a known row.

    What begins as JSON does is no heading, but may be a name: [unknown].
    """
    first = head.lstrip("\n").partition("\n")[0].rstrip("\r")
    try:
        layout = _layout(Path(), first)
    except DataFormatError:
        return False
    if layout.headed and first.lstrip()[:1] in ("{", "["):
        return False
    return any(role in layout.places for role in _NAMES)


def _layout(path: Path, first: str) -> ListeningTable:
    """Return the layout of a table; of a list a bare id or name is that of a track.

    So is a bare name beside an artist and a time.

    Raises:
        DataFormatError: quotes that do not close.
    """
    table = table_of(path, first, ROLES)
    if {"user", "time", "date", "clock"}.isdisjoint(table.places):
        of_tracks = find_columns(table.header, ["artist", "track", "track_id"])
        table.places.update({**of_tracks, **table.places})
    elif "artist" in table.places and "user" not in table.places:
        title = find_columns(table.header, ["track"])
        table.places.update({**title, **table.places})
    return table


def read_table(part: Part) -> Listens:
    """Read a table of plays.

    A row counts its column of plays; or it is a play where the table has times, users or rows that
    repeat; or else the table is a list, of no plays.

    Raises:
        DataFormatError: a row of another length, or a play count that is no number.
    """
    raw = part.read().replace(b"\r\n", b"\n")
    head = raw.lstrip(b"\n")
    skipped = len(raw) - len(head)
    first = head.partition(b"\n")[0].decode("utf-8", errors="replace")
    layout = _layout(part.place, first)
    cells = _cells(layout, head, skipped)
    column = {role: cells[f"c{place}"].combine_chunks() for role, place in layout.places.items()}
    return _listens(layout, column, skipped + layout.headed + 1)


def _listens(layout: ListeningTable, column: dict[str, pa.Array], first_line: int) -> Listens:
    n = len(next(iter(column.values())))
    blank = pa.repeat(pa.scalar(""), n)
    texts = {
        "user": column.get("user", blank),
        "artist": column.get("artist", blank),
        "title": column.get("track", blank),
        "album": column.get("album", blank),
        "uri": column.get("track_id", blank),
        "playlist": column.get("playlist_name", column.get("playlist_id", blank)),
    }
    spoken = [column[role] for role in ("episode", "audiobook") if role in column]
    nameless = both_empty(texts["artist"], texts["title"])
    left = {}
    if spoken:
        left[NOT_MUSIC] = pc.and_(nameless, pc.invert(both_empty(spoken[0], spoken[-1])))
    left[NAMELESS] = pc.and_(nameless, is_empty(texts["uri"]))
    plays = _plays(layout, column, texts, first_line)
    left[NO_PLAYS] = pc.fill_null(pc.equal(plays, 0), False)
    numbers = {"n_plays": plays}
    if "ms_played" in column:
        numbers["ms_played"] = _numbers(column["ms_played"])
    if (moments := _moments(column)) is not None:
        numbers["time"] = read_times(moments)
    return kept(texts | numbers, left)


def _plays(
    layout: ListeningTable, column: dict[str, pa.Array], texts: dict[str, pa.Array], first_line: int
) -> pa.Array:
    """Return the plays of each row, float64; null where the table is a list; an empty cell is 0."""
    n = len(texts["artist"])
    if "plays" not in column:
        is_log = "user" in column or _moments(column) is not None
        if not is_log and "added" not in column:
            rows = pd.DataFrame(
                {name: texts[name].to_pandas() for name in ("artist", "title", "uri")}
            )
            is_log = bool(rows.duplicated().mean() >= _LOG)
        return pa.repeat(pa.scalar(1.0), n) if is_log else pa.nulls(n, pa.float64())
    given = pc.utf8_trim_whitespace(column["plays"])
    grouped = pc.match_substring_regex(given, _THOUSANDS)
    given = pc.if_else(grouped, pc.replace_substring_regex(given, r"\D", ""), given)
    empty = is_empty(given).to_numpy(zero_copy_only=False)
    counts = pd.to_numeric(given.to_pandas(), errors="coerce").to_numpy(dtype=np.float64)
    counts = np.where(empty, 0, counts)
    bad = ~((counts >= 0) & (counts <= MOST_PLAYS))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataFormatError(
            layout.path,
            f"a number of plays from 0 to {MOST_PLAYS} is needed",
            line=row + first_line,
            column=layout.header[layout.places["plays"]],
            value=given[row].as_py(),
        )
    return pa.array(counts)


def _numbers(texts: pa.Array) -> pa.Array:
    values = pd.to_numeric(texts.to_pandas(), errors="coerce").to_numpy(dtype=np.float64)
    good = np.isfinite(values) & (values >= 0) & (values < 2**53)
    return pa.array(np.where(good, values, 0).astype(np.int64), mask=~good)


def _moments(column: dict[str, pa.Array]) -> pa.Array | None:
    """Return the times as they stand; of a date and a clock both; None without any.

    A column `time` alone may hold whole moments; or how long a song is, as in a list.
    """
    if "time" in column:
        return column["time"]
    both = [column[role] for role in ("date", "clock") if role in column]
    if len(both) == 2:
        return pc.binary_join_element_wise(*both, " ")
    if "clock" in column and not pc.any(pc.is_valid(read_times(both[0]))).as_py():
        return None
    return both[0] if both else None


def _cells(layout: ListeningTable, raw: bytes, skipped: int) -> pa.Table:
    """Return the columns that have a role, as text, named c0, c1, ... by their place."""
    chosen = sorted(set(layout.places.values()))
    names = [f"c{place}" for place in range(len(layout.header))]
    wanted = [names[place] for place in chosen]
    body = raw.partition(b"\n")[2] if layout.headed else raw
    if not body.strip():
        return pa.table({name: pa.array([], pa.string()) for name in wanted})
    try:
        table = csv.read_csv(
            pa.py_buffer(body),
            csv.ReadOptions(column_names=names, block_size=max(2**20, min(len(body), 2**26))),
            csv.ParseOptions(
                delimiter=layout.delimiter,
                quote_char=layout.quote or False,
                newlines_in_values=bool(layout.quote),
            ),
            csv.ConvertOptions(
                column_types={name: pa.string() for name in wanted},
                include_columns=wanted,
                strings_can_be_null=False,
                null_values=[],
            ),
        )
    except pa.ArrowInvalid:
        return _by_rows(layout, raw, skipped, chosen)
    odd = (pc.any(pc.match_substring_regex(table[name], '["\n]')).as_py() for name in wanted)
    if layout.quote and any(odd):  # arrow lets pass quotes that do not close
        return _by_rows(layout, raw, skipped, chosen)
    return _unguarded(layout, table)


def _by_rows(layout: ListeningTable, raw: bytes, skipped: int, chosen: Sequence[int]) -> pa.Table:
    """Return the same as `_cells`, row by row, which mends quotes and says where a fault is."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1 + skipped
        bad = raw[error.start : error.end]
        raise DataFormatError(
            layout.path, "not UTF-8", line=line, value=bad, fix="save it as UTF-8"
        ) from error
    n = len(layout.header)
    columns: list[list[str]] = [[] for _ in chosen]
    rows = split_rows(layout.path, io.StringIO(text, newline=""), layout.delimiter, n)
    for number, (line, row) in enumerate(rows):
        if (number == 0 and layout.headed) or row == [""]:
            continue
        if len(row) != n:
            raise wrong_length(layout.path, line + skipped, row, n, layout.delimiter)
        for cells, place in zip(columns, chosen, strict=True):
            cells.append(row[place])
    arrays = [pa.array(cells, pa.string()) for cells in columns]
    return _unguarded(layout, pa.table(arrays, names=[f"c{place}" for place in chosen]))


def _unguarded(layout: ListeningTable, table: pa.Table) -> pa.Table:
    """Return a table of a CSV file without what `muso_exp.csv_cells` puts before a formula."""
    if not layout.quote:
        return table
    arrays = [
        pc.if_else(
            pc.match_substring_regex(column, f"^(?:{GUARDED})"),
            pc.utf8_slice_codeunits(column, 1),
            column,
        )
        for column in table.columns
    ]
    return pa.table(arrays, names=table.column_names)


FORMATS = (Format("table", is_table, read_table),)
