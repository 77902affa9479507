"""When a play was: the ways in which exports write a moment."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_LATEST = 253_402_300_799  # the last second of the year 9999
_CLOCKS = (" %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "")
_DAYS = (  # of each row, one kind of writing; a column is of the one that reads most of it
    ("%d %b %Y", "%d %B %Y"),
    ("%b %d %Y", "%B %d %Y"),
    ("%d/%m/%Y", "%m/%d/%Y"),  # Europe and America
    ("%d.%m.%Y",),
    ("%d-%m-%Y", "%m-%d-%Y"),
)
_SAMPLE = 1000  # times by which it is seen whether a way of writing occurs at all


def read_times(texts: pa.Array) -> pa.Array:
    """Return times as the second in UTC; null where none can be read.

    Known are seconds, milliseconds and microseconds since 1970 (0 is no time), ISO 8601, and the
    ways in which exports of Last.fm write a date. A time without a zone is taken for UTC, as
    Spotify and Last.fm write them. Of 03/04/2025 the day comes first, unless more of the column
    can be read with the month first.
    """
    texts = pc.utf8_trim_whitespace(pc.cast(texts, pa.string()))
    first = next((text.as_py() for text in texts if text.as_py()), "")
    if re.fullmatch(r"[0-9]{1,17}(\.[0-9]*)?", first):
        return _since_1970(texts)
    series = pd.Series(texts.to_pandas(), dtype=object).fillna("").astype(str)
    series = series.str.replace(r" (?:UTC|GMT)$", "", regex=True)
    found = pd.to_datetime(series, format="ISO8601", utc=True, errors="coerce")
    for days in _DAYS:
        left = found.isna() & (series != "")
        if not left.any():
            break
        found[left] = _most_read(series[left], days)
    seconds = pa.array(found.dt.tz_convert(None).dt.as_unit("s"), from_pandas=True)
    return pc.assume_timezone(seconds, "UTC")


def _most_read(texts: pd.Series, days: Sequence[str]) -> pd.Series:
    """Return times, NaT where none is read, by that way to write a day which reads the most."""
    plain = texts.str.replace(",", " ").str.split().str.join(" ")
    found = [_read(plain, day) for day in days]
    return max(found, key=lambda times: times.notna().sum())


def _read(texts: pd.Series, day: str) -> pd.Series:
    """Return times whose day is written in one way, with or without a clock."""
    found = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns, UTC]")
    for clock in _CLOCKS:
        left = texts[found.isna()]
        if _parsed(left.head(_SAMPLE), day + clock).notna().any():
            found[left.index] = _parsed(left, day + clock)
    return found


def _parsed(texts: pd.Series, written: str) -> pd.Series:
    return pd.to_datetime(texts, format=written, utc=True, errors="coerce")


def _since_1970(texts: pa.Array) -> pa.Array:
    numbers = pd.to_numeric(texts.to_pandas(), errors="coerce").to_numpy(dtype=np.float64)
    for limit in (1e15, 1e12, 1e11):  # micro- and milliseconds; 1e11 seconds is the year 5138
        numbers = np.where(np.abs(numbers) >= limit, numbers / 1000, numbers)
    good = np.isfinite(numbers) & (numbers > 0) & (numbers <= _LATEST)
    seconds = np.where(good, numbers, 0).astype(np.int64)
    return pa.array(seconds, mask=~good).cast(pa.timestamp("s", "UTC"))
