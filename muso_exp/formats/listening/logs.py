"""Listening files of any size, read in checked pieces: one event or one play count a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from pyarrow import csv

from muso_exp.errors import DataFormatError
from muso_exp.opening import MAX_LINE, open_data, too_long

PIECE = 256 * 2**20  # bytes read at once, at most
FIRST = 2**24  # bytes of the first piece, which tells how long lines are
MOST_LINES = 2**22  # of a piece: short ones take many times their bytes as numbers
MOST_PLAYS = 2**31 - 1  # of one user and item; more is no play count
_WHOLE = re.compile(rb"[0-9]{1,18}")
_LEADING_ZERO = re.compile(rb"0[0-9]+")


@dataclass(frozen=True)
class Layout:
    """How a large text file is laid out.

    Attributes:
        columns: names of the columns, in order.
        user: column that names the user; of a listening file.
        item: column that names the item; of a listening file.
        plays: column with the number of plays; None where each line is one play.
        time: column with the time in seconds since 1970; None where there is none.
        texts: columns that hold text, never empty.
        names: columns that hold text or nothing; all others hold whole numbers.
        delimiter: one character.
        header: whether the first line holds the column names.
    """

    columns: tuple[str, ...]
    user: str = ""
    item: str = ""
    plays: str | None = None
    time: str | None = None
    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    delimiter: str = "\t"
    header: bool = False

    @property
    def numbers(self) -> list[str]:
        """Return the columns that hold whole numbers."""
        return [name for name in self.columns if name not in (*self.texts, *self.names)]


@dataclass(frozen=True)
class Piece:
    """Consecutive whole lines of a file.

    Attributes:
        table: the typed columns, one row per line.
        start: place of its first byte in the (unpacked) file.
        end: place after its last byte.
        first_line: number of its first line, from 1.
        leading_zeros: whole numbers written with leading zeros, which do not count as digits.
        ended: whether its last line has an end.
    """

    table: pa.Table
    start: int
    end: int
    first_line: int
    leading_zeros: int
    ended: bool


def read_pieces(
    path: Path, layout: Layout, size: int, start: int = 0, first_line: int = 1
) -> Iterator[Piece]:
    """Yield the lines of a plain or gzipped file in pieces of about `size` bytes, checked.

    Args:
        path: of the file.
        layout: its columns.
        size: bytes of a piece, fewer of short lines; a piece ends at a line end.
        start: place to go on from, 0 or the `end` of an earlier piece.
        first_line: number of the line at `start`.

    Raises:
        DataFormatError: damaged gzip data, a wrong header, or a line that the layout does not
            allow, with its number and column.
    """
    with open_data(path) as file:
        file.seek(start)
        if start == 0:
            start, first_line = _skip_header(path, file, layout)
        step = min(size, FIRST)
        while True:
            raw = _read_lines(path, file, step, first_line)
            if not raw:
                return
            table, zeros = _parse(path, raw, layout, first_line)
            yield Piece(table, start, start + len(raw), first_line, zeros, raw[-1:] == b"\n")
            start += len(raw)
            first_line += table.num_rows
            step = min(size, max(MOST_LINES * len(raw) // max(table.num_rows, 1), 1))


def _read_lines(path: Path, file: BinaryIO, size: int, first_line: int) -> bytes:
    raw = file.read(size)
    if len(raw) < size:
        return raw
    rest = file.readline(MAX_LINE + 1)
    if len(rest) > MAX_LINE:
        raise too_long(path, first_line + raw.count(b"\n"))
    return raw + rest


def _skip_header(path: Path, file: BinaryIO, layout: Layout) -> tuple[int, int]:
    """Step over a byte order mark and the header; return the place and number of the next line."""
    start = 3 if file.read(3) == b"\xef\xbb\xbf" else 0
    file.seek(start)
    if not layout.header:
        return start, 1
    line = file.readline(MAX_LINE)
    need = layout.delimiter.join(layout.columns)
    if line.strip() != need.encode():
        raise DataFormatError(
            path, f"the header must be {need!r}", line=1, value=line.decode(errors="replace")
        )
    return start + len(line), 2


def _parse(path: Path, raw: bytes, layout: Layout, first_line: int) -> tuple[pa.Table, int]:
    """Return the typed columns of whole lines; on any fault, find its place and raise."""
    kinds = {name: pa.string() for name in layout.columns}
    kinds |= {name: pa.int64() for name in layout.numbers}
    try:
        table = csv.read_csv(
            pa.py_buffer(raw.rstrip(b"\r\n") + b"\n"),
            csv.ReadOptions(column_names=list(layout.columns), block_size=max(len(raw) + 1, 1024)),
            csv.ParseOptions(
                delimiter=layout.delimiter,
                quote_char=False,
                double_quote=False,
                ignore_empty_lines=False,
            ),
            csv.ConvertOptions(column_types=kinds, null_values=[], strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        check_lines(path, raw, layout, first_line)
        raise DataFormatError(
            path, f"cannot be read: {error}", line=first_line, fix="copy it anew"
        ) from error
    zeros = 0
    if _suspicious(raw, table, layout):
        zeros = check_lines(path, raw, layout, first_line)
    return table, zeros


def _suspicious(raw: bytes, table: pa.Table, layout: Layout) -> bool:
    """Return whether a line may be faulty, or of a form that Arrow alone takes."""
    if any(pc.min(table[name]).as_py() < (name == layout.plays) for name in layout.numbers):
        return True
    if layout.numbers and _has_odd_start(np.frombuffer(raw, np.uint8), ord(layout.delimiter)):
        return True
    if layout.plays and pc.max(table[layout.plays]).as_py() > MOST_PLAYS:
        return True
    return any(pc.min(pc.binary_length(table[name])).as_py() == 0 for name in layout.texts)


@njit(cache=True)
def _has_odd_start(raw, delimiter):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return whether any cell begins with a minus, or with a zero that more follows."""
    start = True
    for place in range(len(raw) - 1):
        byte, after = raw[place], raw[place + 1]
        if start and (byte == 45 or (byte == 48 and after not in (delimiter, 10, 13))):
            return True
        start = byte == delimiter or byte == 10
    return False


def check_lines(path: Path, raw: bytes, layout: Layout, first_line: int) -> int:
    """Check whole lines one by one, and return how many numbers have leading zeros.

    Raises:
        DataFormatError: the first line that the layout does not allow, with number and column.
    """
    zeros = 0
    for number, line in enumerate(raw.rstrip(b"\r\n").split(b"\n"), start=first_line):
        cells = line.rstrip(b"\r").split(layout.delimiter.encode())
        if len(cells) != len(layout.columns):
            kind = {"\t": "tab", " ": "space"}.get(layout.delimiter, layout.delimiter)
            need = f"a line has {len(layout.columns)} {kind}-separated columns, this {len(cells)}"
            raise DataFormatError(
                path, need, line=number, value=line.decode(errors="replace"), fix="copy it anew"
            )
        for name, cell in zip(layout.columns, cells, strict=True):
            problem = _fault(name, cell, layout)
            if problem:
                value = cell.decode(errors="replace")
                raise DataFormatError(path, problem, line=number, column=name, value=value)
            zeros += name in layout.numbers and bool(_LEADING_ZERO.fullmatch(cell))
    return zeros


def _fault(name: str, cell: bytes, layout: Layout) -> str | None:
    """Return what is wrong with a cell, or None."""
    if name not in layout.numbers:
        if not cell and name in layout.texts:
            return "an id is needed"
        try:
            cell.decode()
        except UnicodeDecodeError:
            return "not UTF-8"
        return None
    if not _WHOLE.fullmatch(cell.strip()):
        return "a whole number >= 0 is needed"
    if name == layout.plays and not 1 <= int(cell) <= MOST_PLAYS:
        return f"a play count from 1 to {MOST_PLAYS} is needed"
    return None
