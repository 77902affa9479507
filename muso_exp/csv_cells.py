"""Cells of CSV files: written so that no spreadsheet computes them, read as they were.

Every CSV file of this package is written by `write_csv` or `write_rows`, and every reader of CSV
files undoes it by `unguarded`.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

_FORMULA = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # a spreadsheet computes a cell that begins so
_TO_GUARD = re.compile(f"'?[{_FORMULA}]|''")
GUARDED = f"'[{_FORMULA}']"  # how a guarded cell begins


def guarded(cell: Any) -> Any:
    """Return a cell that no spreadsheet computes: a text that begins like a formula gets a '.

    So does a text that begins with ' and would otherwise be read without it: `unguarded` undoes
    this for every text. Numbers stay as they are.
    """
    return f"'{cell}" if isinstance(cell, str) and _TO_GUARD.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return a cell of a CSV file without the ' that `guarded` put before it."""
    return cell[1:] if cell[:1] == "'" and re.match(GUARDED, cell) else cell


def write_rows(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a header and rows as CSV; cells are guarded."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows(map(guarded, row) for row in [header, *rows])


def write_csv(table: pd.DataFrame, path: Path, **options: Any) -> None:
    """Write a table as CSV, without its index; cells are guarded.

    Args:
        table: its texts may be any.
        path: of the file; `.gz` compresses it.
        options: further ones of `pandas.DataFrame.to_csv`.
    """
    safe = table.rename(columns=guarded)
    for place, (_, column) in enumerate(table.items()):
        if not pd.api.types.is_numeric_dtype(column):
            safe.isetitem(place, column.map(guarded).array)
    safe.to_csv(path, index=False, **options)
