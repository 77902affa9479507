"""Predictions that were made elsewhere: read, and put into the order of a run's test rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from muso_exp.errors import ConfigError
from muso_exp.opening import is_file

_OCCURRENCE = "number among equal keys"


def read_scores(path: Path) -> pd.DataFrame:
    """Return a parquet of predictions.

    Raises:
        ConfigError: no such file, or one that is not parquet.
    """
    if not is_file(path):
        raise ConfigError(f"{path}: no such file; a parquet as predictions.parquet is needed")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ConfigError(f"{path}: cannot be read as parquet: {error}") from error


def in_test_order(
    path: Path, given: pd.DataFrame, test: pd.DataFrame, keys: Sequence[str]
) -> pd.DataFrame:
    """Return predictions in the order of the test rows, as `ordered_like`.

    Raises:
        ConfigError: rows that are missing, foreign or given twice, or a value that is none.
    """
    ordered = ordered_like(path, given, test, keys)
    _refuse_nan(path, ordered)
    return ordered


def ordered_like(
    path: Path, given: pd.DataFrame, test: pd.DataFrame, keys: Sequence[str]
) -> pd.DataFrame:
    """Return predictions in the order of the test rows.

    Args:
        path: of the predictions, for messages.
        given: the predictions; a row per test row, in any order.
        test: predictions.parquet of a run on the same test rows.
        keys: columns that name a test row; equal ones are matched by their order.

    Raises:
        ConfigError: rows that are missing, foreign or given twice.
    """
    lacking = [key for key in keys if key not in given]
    if lacking:
        raise ConfigError(f"{path}: no column {lacking[0]!r}, which names the test rows")
    wanted, found = _keyed(test, keys), _keyed(given, keys)
    missing, foreign = wanted.difference(found), found.difference(wanted)
    for problem, rows in (("missing", missing), ("not of this test", foreign)):
        if len(rows):
            named = ", ".join(f"{key}={value}" for key, value in zip(keys, rows[0], strict=False))
            raise ConfigError(
                f"{path}: {len(rows)} rows {problem}, the first {named}; a row per test row is "
                f"needed, {len(wanted)} in all"
            )
    return given.set_axis(found).loc[wanted].reset_index(drop=True)


def _keyed(table: pd.DataFrame, keys: Sequence[str]) -> pd.MultiIndex:
    """Return the keys of each row as text, and its number among rows of equal keys."""
    texts = table[list(keys)].astype(str)
    number = texts.groupby(list(keys)).cumcount().rename(_OCCURRENCE)
    return pd.MultiIndex.from_frame(pd.concat([texts, number], axis=1))


def _refuse_nan(path: Path, table: pd.DataFrame) -> None:
    for name in table:
        for row, cell in enumerate(table[name]):
            numbers = np.atleast_1d(np.asarray(cell))
            if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
                raise ConfigError(f"{path}, row {row}: {name} is not finite; every row is judged")
