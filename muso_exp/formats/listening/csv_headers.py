"""Headers of listening tables: which column holds what; and the first fault in the rows."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from muso_exp.errors import DataFormatError
from muso_exp.formats.columns import find_columns, no_column
from muso_exp.formats.listening.headerless import headerless
from muso_exp.formats.listening.logs import MOST_PLAYS
from muso_exp.formats.listening.parquet_tables import (
    PARQUET,
    is_parquet,
    parquet_header,
    parquet_rows,
)
from muso_exp.formats.tables import no_rows, split_rows, wrong_length
from muso_exp.formats.text import decoded_lines
from muso_exp.opening import PACKED, open_data
from muso_exp.text import CONTROL

TEXTS = tuple(kind + end for kind in (".csv", ".tsv", ".inter") for end in ("", *PACKED))
SUFFIXES = (*TEXTS, PARQUET)
ROLES = ("user", "artist", "album", "track", "track_id", "plays")
COUNT = r"[0-9]{1,10}(\.0*)?"  # programs that know no whole numbers write 3.0
_DELIMITERS = ("\t", ",", ";")
_CHUNK = 2**20


@dataclass(frozen=True)
class ListeningTable:
    """A file with a row per play, or per user and item.

    Attributes:
        path: of the file.
        delimiter: between its columns; where it is a tab, quotes are letters like others.
        header: the headings as they stand, or those of `headerless` where the file has none.
        places: number of the column of each role that the file has.
        headed: whether the first line is the header.
    """

    path: Path
    delimiter: str
    header: list[str]
    places: dict[str, int]
    headed: bool = True

    @property
    def quote(self) -> str:
        """Return what a value may stand in, "" for nothing."""
        return "" if self.delimiter == "\t" else '"'


def read_headers(files: Mapping[str, Path], items: str) -> tuple[list[ListeningTable], list[str]]:
    """Return the tables, and the columns that are read of each: user, what names an item, plays.

    Args:
        files: the tables.
        items: artist, album or track; tables without tracks have artists for items.

    Raises:
        DataFormatError: an empty file, no column of users or items, or tables of other columns.
    """
    tables = [_read_header(path) for path in files.values()]
    roles = [_roles(table, items) for table in tables]
    for table, own in zip(tables, roles, strict=True):
        if own != roles[0]:
            problem = f"has {', '.join(own)}, but {tables[0].path.name} {', '.join(roles[0])}"
            raise DataFormatError(table.path, problem, fix="give all tables the same columns")
    return tables, roles[0]


def _read_header(path: Path) -> ListeningTable:
    if is_parquet(path):
        header = parquet_header(path)
        places = find_columns(header, ROLES, of_tracks=False)
        return ListeningTable(path, "\t", header, places, headed=False)
    first = next(decoded_lines(path), "")
    if not first:
        raise no_rows(path, 0)
    return table_of(path, first, ROLES)


def table_of(path: Path, first: str, roles: Sequence[str]) -> ListeningTable:
    """Return how a table is laid out, by its first line.

    Args:
        path: of the file.
        first: its first line.
        roles: of the columns to look for.

    Raises:
        DataFormatError: quotes that do not close.
    """
    try:
        headers = {mark: _cells(first, mark) for mark in _DELIMITERS}
    except csv.Error as error:
        raise DataFormatError(path, f"no CSV: {error}", line=1, fix="save it anew") from error
    known = {mark: headerless(header) for mark, header in headers.items()}
    for mark, layout in known.items():
        if layout is not None:
            names = list(layout.header)
            places = find_columns(names, roles, of_tracks=False)
            return ListeningTable(path, mark, names, places, headed=False)
    found = [
        ListeningTable(path, mark, header, find_columns(header, roles, of_tracks=False))
        for mark, header in headers.items()
    ]
    return max(found, key=lambda table: (len(table.places), len(table.header)))


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the headings in the first line, which may be no CSV by a delimiter that is not its."""
    line = line.rstrip("\r\n")
    return line.split("\t") if delimiter == "\t" else next(csv.reader([line], delimiter=delimiter))


def _roles(table: ListeningTable, items: str) -> list[str]:
    """Return the roles of the columns that are read, in one order.

    Raises:
        DataFormatError: no column of users, or none that names the items.
    """
    if not table.places:
        problem = "no heading is known; a header is needed"
        fix = "put one on top, such as user,artist,track or user,artist,plays"
        first = table.delimiter.join(table.header)
        raise DataFormatError(table.path, problem, line=1, value=first, fix=fix)
    if "user" not in table.places:
        fix = "add one, or set dataset.source=history: each file is then a user"
        raise no_column(table.path, table.header, ["user"], fix, of_tracks=False)
    songs = [role for role in ("track", "track_id") if role in table.places]
    if items == "track" and songs:
        named = [*(["artist"] if "artist" in table.places else []), *songs]
    else:
        named = ["artist", "album"] if items == "album" else ["artist"]
    if any(role not in table.places for role in named):
        needed = ["artist", "track"] if items == "track" else named
        raise no_column(table.path, table.header, needed, "name it so", of_tracks=False)
    return ["user", *named, *(["plays"] if "plays" in table.places else [])]


def refuse_first_fault(table: ListeningTable, roles: list[str]) -> None:
    """Read a table row by row, as strictly as can be.

    Raises:
        DataFormatError: damaged gzip data, bytes that are not UTF-8, a row of another length, an
            empty name, or a malformed play count; with line and column.
    """
    if is_parquet(table.path):
        rows = parquet_rows(table.path, table.header)
    else:
        rows = split_rows(table.path, decoded_lines(table.path), table.delimiter)
    for line, row in rows:
        if (line == 1 and table.headed) or row == [""]:
            continue
        if len(row) != len(table.header):
            raise wrong_length(table.path, line, row, len(table.header), table.delimiter)
        for role in roles:
            place = table.places[role]
            problem = _fault(role, row[place].strip(" "))
            if problem:
                name, fix = table.header[place], "correct the row, or set dataset.bad_rows=drop"
                value = row[place]
                raise DataFormatError(
                    table.path, problem, line=line, column=name, value=value, fix=fix
                )


def _fault(role: str, value: str) -> str | None:
    if role != "plays":
        if CONTROL.search(value):
            return "holds a control character"
        return None if value else "a name is needed"
    if re.fullmatch(COUNT, value) and 1 <= float(value) <= MOST_PLAYS:
        return None
    return f"a play count from 1 to {MOST_PLAYS} is needed"


def refuse_damaged(path: Path) -> None:
    """Unpack a gzipped file once: DuckDB compares no check sum and knows no bounds.

    Raises:
        DataFormatError: damaged gzip data, beyond the bounds of `open_data`, or with a NUL byte,
            behind which DuckDB may pass over a line.
    """
    if path.suffix in PACKED:
        with open_data(path) as file:
            while chunk := file.read(_CHUNK):
                if b"\0" in chunk:
                    raise DataFormatError(path, "holds a NUL byte", fix="copy it anew")
