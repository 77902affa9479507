"""Cells of CSV files: written so that no spreadsheet computes them, read as they were.

What this package exports for people is written by `write_csv`; every reader of CSV files undoes it
by `unguarded`. The simulated world writes published formats, which have no such signs, and calls
nothing by a name that needs them.
"""

import re
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
    return cell[1:] if re.match(GUARDED, cell) else cell


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV for people and spreadsheets, without its index; cells are guarded."""
    safe = table.rename(columns=guarded)
    for place, (_, column) in enumerate(table.items()):
        if not pd.api.types.is_numeric_dtype(column):
            safe.isetitem(place, column.map(guarded).array)
    safe.to_csv(path, index=False)
