"""The reader of tables of text, comma- or tab-separated; each fault is reported with its place."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.csv_cells import unguarded
from muso_exp.errors import DataFormatError
from muso_exp.formats.text import read_text

Pick = Callable[..., Mapping[str, int]]  # the lines of a header -> name and place of each column


def split_rows(
    path: Path, lines: Iterable[str], delimiter: str, n_columns: int | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line of each row, and its cells; empty lines are left out.

    Args:
        path: of the file, for messages.
        lines: its lines, from the first one, with their ends.
        delimiter: between cells. Of a tab-separated table quotes are letters like others, and an
            empty line is a row of one cell; of others a cell in double quotes may hold anything.
        n_columns: of every row, where known; by default as many as the first one has. A line with
            quotes inside quotes that are not doubled, as Exportify wrote them before July 2025, is
            read if it then has so many.

    Raises:
        DataFormatError: quotes that do not close, or text after them.
    """
    if delimiter == "\t":
        yield from enumerate((line.rstrip("\r\n").split("\t") for line in lines), 1)
        return
    source = _Lines(lines)
    while True:
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if row:
                    n_columns = n_columns or len(row)
                    if len(row) != n_columns and len(source.taken) == 1:
                        row = lenient_cells(source.taken[0], delimiter, n_columns) or row
                    yield source.first, row
                source.keep()
            return
        except csv.Error as error:
            row = lenient_cells(source.taken[0], delimiter, n_columns or 0) or []
            if not row:
                fix = "correct the row; a quote within quotes is written twice"
                raise DataFormatError(
                    path, f"no CSV: {error}", line=source.first, fix=fix
                ) from error
            yield source.first, row
            source.keep(1)


class _Lines:
    """Lines that go back where a row turns out to be no CSV.

    Attributes:
        first: number of the first line of the row that is read.
        taken: the lines of this row.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines, self.first = iter(lines), 1
        self.taken: list[str] = []
        self.back: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.back.pop(0) if self.back else next(self.lines)
        self.taken.append(line)
        return line

    def keep(self, n: int | None = None) -> None:
        """Begin a row after the `n` first lines of this one; None for all of them."""
        n = len(self.taken) if n is None else n
        self.back = self.taken[n:] + self.back
        self.taken, self.first = [], self.first + n


def lenient_cells(line: str, delimiter: str, n_columns: int) -> list[str] | None:
    """Return the cells of a line whose quotes are not doubled; None if there are not `n_columns`.

    A cell that begins with a quote ends at the last piece that ends with one before the next piece
    that begins with one.
    """
    cells: list[str] = []
    opened: list[str] = []  # pieces of a cell that began with a quote
    loose = 0  # of these, the pieces after the last one that ends with a quote
    for piece in line.rstrip("\r\n").split(delimiter):
        if loose < len(opened) and piece.startswith('"'):
            cells += _closed(opened, loose, delimiter)
            opened, loose = [], 0
        if opened or piece.startswith('"'):
            opened.append(piece)
            ends = piece.endswith('"') and (len(opened) > 1 or len(piece) > 1)
            loose = 0 if ends else loose + 1
        else:
            cells.append(piece)
    if opened and loose == len(opened):
        return None
    cells += _closed(opened, loose, delimiter) if opened else []
    return cells if len(cells) == n_columns else None


def _closed(pieces: list[str], loose: int, delimiter: str) -> list[str]:
    """Return the cell of pieces in quotes, and the loose ones behind it."""
    quoted = pieces[: len(pieces) - loose]
    text = delimiter.join(quoted)[1:-1].replace('""', '"')
    return [text, *pieces[len(pieces) - loose :]]


def read_cells(path: Path) -> list[tuple[int, list[str]]]:
    """Return the header and the rows of a comma-separated file with their line numbers.

    Raises:
        DataFormatError: no rows, or quotes that do not close.
    """
    lines = io.StringIO(read_text(path), newline="")
    found = [
        (line, [unguarded(cell) for cell in row]) for line, row in split_rows(path, lines, ",")
    ]
    if len(found) < 2:
        raise no_rows(path, len(found))
    return found


def read_table(
    path: Path,
    pick: Pick,
    delimiter: str = ",",
    header_lines: int = 1,
    encoding: str = "utf-8",
    fix: str = "save it as UTF-8",
) -> pd.DataFrame:
    """Return columns of a table as text; no value is taken for a missing one.

    Args:
        path: comma- or tab-separated, plain or .gz.
        pick: the header's lines, each a list of cells -> name and place of the columns to return.
        delimiter: a comma, or a tab: then quotes and the guard of `csv_cells` are letters.
        header_lines: rows of the header.
        encoding: of the text.
        fix: what to do where the text has another encoding.

    Returns:
        The columns in the order in which `pick` names them, the line of each row as index.

    Raises:
        DataFormatError: an empty file, no row below the header, a row of another length than the
            header; whatever `pick` raises.
    """
    text = read_text(path, encoding, fix)
    lines = io.StringIO(text, newline="\n" if delimiter == "\t" else "")
    rows = split_rows(path, lines, delimiter)
    clean = str if delimiter == "\t" else unguarded
    header = [[clean(cell) for cell in row] for _, row in islice(rows, header_lines)]
    if not header:
        raise no_rows(path, 0)
    columns = pick(*header, *[[]] * (header_lines - len(header)))
    places = list(columns.values())
    numbers, cells = [], []
    for line, row in rows:
        if len(row) != len(header[0]):
            raise wrong_length(path, line, row, len(header[0]), delimiter)
        numbers.append(line)
        cells.append([clean(row[place]) for place in places])
    if not cells:
        raise no_rows(path, header_lines)
    index = pd.Index(numbers, name="line")
    return pd.DataFrame(cells, index=index, columns=list(columns), dtype=str)


def exactly(path: Path, names: Sequence[str], delimiter: str = ",") -> Pick:
    """Return the choice of all columns of a table whose header must be `names`.

    Raises:
        DataFormatError: from what is returned: another header.
    """

    def pick(header: list[str]) -> dict[str, int]:
        if header != list(names):
            between = " <tab> " if delimiter == "\t" else delimiter
            need = f"the header must be {between.join(names)}"
            raise DataFormatError(path, need, line=1, value=delimiter.join(header))
        return {name: place for place, name in enumerate(names)}

    return pick


def wrong_length(
    path: Path, line: int, row: Sequence[str], n_columns: int, delimiter: str
) -> DataFormatError:
    """Return the error to raise for a row with other than `n_columns` cells."""
    kind = {",": "comma", "\t": "tab", ";": "semicolon"}[delimiter]
    need = f"a row has {n_columns} {kind}-separated columns, this one {len(row)}"
    return DataFormatError(path, need, line=line, value=delimiter.join(row), fix="correct the row")


def no_rows(path: Path, n_lines: int = 1) -> DataFormatError:
    """Return the error to raise for a table of `n_lines` lines of header alone."""
    if n_lines == 0:
        return DataFormatError(path, "the file is empty", fix="copy it anew")
    return DataFormatError(path, "no rows below the header", fix="give the table that has them")


def whole_numbers(path: Path, table: pd.DataFrame, column: str, least: int = 0) -> np.ndarray:
    """Return a text column of `read_table` as int64, shape (n_rows,).

    Raises:
        DataFormatError: a value that is no whole number, or below `least`.
    """
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    with np.errstate(invalid="ignore"):
        good = (values >= least) & (values == np.floor(values)) & (values < 2**53)
    refuse_where(path, table, column, ~good, f"a whole number >= {least} is needed")
    return values.astype(np.int64)


def refuse_where(
    path: Path, table: pd.DataFrame, column: str, bad: np.ndarray, need: str, fix: str = ""
) -> None:
    """Raise DataFormatError at the first row of a table of `read_table` that is bad, (n_rows,)."""
    if bad.any():
        row = int(np.argmax(bad))
        value: Any = table[column].iloc[row]
        value = value if isinstance(value, str) else int(value)
        line = int(table.index[row])
        raise DataFormatError(path, need, line=line, column=column, value=value, fix=fix)


def refuse_duplicates(path: Path, table: pd.DataFrame, columns: Sequence[str], fix: str) -> None:
    """Raise DataFormatError at the first row that repeats an earlier one in `columns`."""
    repeated = table.duplicated(subset=list(columns)).to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        value = " ".join(str(table[column].iloc[row]) for column in columns)
        what = f"second row of the same {', '.join(columns)}"
        raise DataFormatError(path, what, line=int(table.index[row]), value=value, fix=fix)


def refuse_unknown(
    path: Path, table: pd.DataFrame, column: str, known: np.ndarray, where: str
) -> None:
    """Raise DataFormatError at the first value of `column` that `known` lacks."""
    unknown = ~np.isin(table[column].to_numpy(dtype=np.int64), known)
    fix = f"add it to {where} or remove this row"
    refuse_where(path, table, column, unknown, f"not in {where}", fix)
