"""Listening tables in Parquet: their headings, and their rows as text."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from muso_exp.errors import DataFormatError

PARQUET = ".parquet"
_ROWS = 2**16  # held at once


def is_parquet(path: Path) -> bool:
    """Return whether a table is one of Parquet, by its name."""
    return path.suffix == PARQUET


def parquet_header(path: Path) -> list[str]:
    """Return the names of the columns.

    Raises:
        DataFormatError: no Parquet file, or a damaged one.
    """
    try:
        with ParquetFile(path) as file:
            return list(file.schema_arrow.names)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataFormatError(path, f"no Parquet file: {reason}", fix="write it anew") from error


def parquet_rows(path: Path, header: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row, from 1, and its cells as text, "" where there is nothing.

    Raises:
        DataFormatError: a damaged page.
    """
    number = 0
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS, columns=list(header)):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield number, ["" if cell is None else str(cell) for cell in row]
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        fix = "write it anew"
        raise DataFormatError(path, f"is damaged: {reason}", line=number + 1, fix=fix) from error
