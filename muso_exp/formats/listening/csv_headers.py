"""Listening tables of one's own, whatever wrote them: which column is what, and the first fault."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.logs import MOST_PLAYS
from muso_exp.opening import open_data, read_lines
from muso_exp.text import CONTROL

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
KNOWN = {
    "user": ("user", "user_id", "username"),
    "artist": ("artist", "artist_name", "artist_id"),
    "album": ("album", "album_name"),
    "track": ("track", "track_name", "title", "song"),
    "track_id": ("track_id", "track_uri", "song_id"),
    "plays": ("plays", "playcount", "count", "listens", "weight"),
}  # headings of each column, the first that is there counts; case, blanks and _ do not matter
COUNT = r"[0-9]{1,10}(\.0*)?"  # programs that know no whole numbers write 3.0
_DELIMITERS = ("\t", ",", ";")
_CHUNK = 2**20


@dataclass(frozen=True)
class OwnTable:
    """A file with a row per play, or per user and item.

    Attributes:
        path: of the file.
        delimiter: between its columns; where it is a tab, quotes are letters like others.
        header: the headings as they stand.
        places: number of the column of each role in `KNOWN` that the file has.
    """

    path: Path
    delimiter: str
    header: list[str]
    places: dict[str, int]

    @property
    def quote(self) -> str:
        """Return what a value may stand in, "" for nothing."""
        return "" if self.delimiter == "\t" else '"'


def read_headers(files: Mapping[str, Path], items: str) -> tuple[list[OwnTable], list[str]]:
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


def _read_header(path: Path) -> OwnTable:
    _, first = next(_lines(path), (1, ""))
    if not first:
        raise DataFormatError(path, "the file is empty", fix="copy it anew")
    try:
        found = [OwnTable(path, mark, *_columns(first, mark)) for mark in _DELIMITERS]
    except csv.Error as error:
        raise DataFormatError(path, f"no CSV: {error}", line=1) from error
    return max(found, key=lambda table: (len(table.places), len(table.header)))


def _columns(line: str, delimiter: str) -> tuple[list[str], dict[str, int]]:
    """Return the headings and the column of each role."""
    header = next(_reader([line.rstrip("\r\n")], delimiter, strict=False))
    plain = [_plain(name) for name in header]
    found = {role: [n for n in map(_plain, names) if n in plain] for role, names in KNOWN.items()}
    return header, {role: plain.index(names[0]) for role, names in found.items() if names}


def _reader(lines: Iterable[str], delimiter: str, strict: bool) -> Any:
    """Return the reader of rows; among tabs a quote is a letter like others."""
    if delimiter == "\t":
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=strict)
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def _plain(heading: str) -> str:
    return re.sub(r"[\W_]", "", heading.lower())


def _roles(table: OwnTable, items: str) -> list[str]:
    """Return the roles of the columns that are read, in one order.

    Raises:
        DataFormatError: no column of users, or none that names the items.
    """
    if "user" not in table.places:
        fix = "one person's plays cannot be factorised: join several people's and say whose"
        raise _no_column(table, ["user"], fix)
    songs = [role for role in ("track", "track_id") if role in table.places]
    if items == "track" and songs:
        named = [*(["artist"] if "artist" in table.places else []), *songs]
    else:
        named = ["artist", "album"] if items == "album" else ["artist"]
    if any(role not in table.places for role in named):
        raise _no_column(table, ["artist", "track"] if items == "track" else named, "name it so")
    return ["user", *named, *(["plays"] if "plays" in table.places else [])]


def _no_column(table: OwnTable, roles: list[str], fix: str) -> DataFormatError:
    known = " or ".join(f"{role}s ({', '.join(KNOWN[role])})" for role in roles)
    seen = ", ".join(table.header)
    return DataFormatError(table.path, f"no column of {known} among: {seen}", line=1, fix=fix)


def refuse_first_fault(table: OwnTable, roles: list[str]) -> None:
    """Read a table row by row, as strictly as can be.

    Raises:
        DataFormatError: damaged gzip data, bytes that are not UTF-8, a row of another length, an
            empty name, or a play count that is none; with line and column.
    """
    for line, row in _rows(table):
        if len(row) != len(table.header):
            need = f"a row has {len(table.header)} columns, this {len(row)}"
            raise DataFormatError(
                table.path, need, line=line, value=table.delimiter.join(row), fix="correct the row"
            )
        for role in roles:
            place = table.places[role]
            problem = _fault(role, row[place].strip(" "))
            if problem:
                name = table.header[place]
                raise DataFormatError(table.path, problem, line=line, column=name, value=row[place])


def _fault(role: str, value: str) -> str | None:
    if role != "plays":
        if CONTROL.search(value):
            return "holds a control character"
        return None if value else "a name is needed"
    if re.fullmatch(COUNT, value) and 1 <= float(value) <= MOST_PLAYS:
        return None
    return f"a play count from 1 to {MOST_PLAYS} is needed"


def _rows(table: OwnTable) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line of each row below the header, and its values."""
    rows = _reader((line for _, line in _lines(table.path)), table.delimiter, strict=True)
    line = 1
    try:
        for row in rows:
            if row and line > 1:
                yield line, row
            line = rows.line_num + 1
    except csv.Error as error:
        raise DataFormatError(table.path, f"no CSV: {error}", line=line) from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a plain or gzipped file with their numbers, and their line ends.

    Raises:
        DataFormatError: a file that `read_lines` refuses, or bytes that are not UTF-8.
    """
    for number, raw in read_lines(path):
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            bad = raw[error.start : error.end]
            fix = "save it as UTF-8"
            raise DataFormatError(path, "not UTF-8", line=number, value=bad, fix=fix) from error


def refuse_damaged(path: Path) -> None:
    """Unpack a gzipped file once: DuckDB compares no check sum and knows no bounds.

    Raises:
        DataFormatError: damaged gzip data, or beyond the bounds of `open_data`.
    """
    if path.suffix == ".gz":
        with open_data(path) as file:
            while file.read(_CHUNK):
                pass
