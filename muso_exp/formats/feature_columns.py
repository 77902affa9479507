"""The columns of a table of tracks that hold audio features: chosen, read as numbers, checked."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.tracks import FEATURES, Range

_NOTES = ("C", "C# Db", "D", "D# Eb", "E", "F", "F# Gb", "G", "G# Ab", "A", "A# Bb", "B")
_KEYS = {name: str(number) for number, names in enumerate(_NOTES) for name in names.split()}
NOTATION = {  # of features that some tables write in words
    "key": _KEYS | {k.replace("#", "\u266f").replace("b", "\u266d"): n for k, n in _KEYS.items()},
    "mode": {"major": "1", "Major": "1", "minor": "0", "Minor": "0"},
}


def chosen_features(features: Sequence[str], drop: Sequence[str]) -> list[str]:
    """Return the features to use, each once, without the dropped ones.

    Raises:
        ConfigError: a feature that is not known, or none is left.
    """
    unknown = [name for name in [*features, *drop] if name not in FEATURES]
    if unknown:
        known, option = ", ".join(FEATURES), "features" if unknown[0] in features else "drop"
        raise ConfigError(f"dataset.{option}: no audio feature {unknown[0]!r}; there are {known}")
    chosen = [name for name in dict.fromkeys(features) if name not in drop]
    if not chosen:
        raise ConfigError("dataset.drop leaves no feature")
    return chosen


def is_estimated(columns: Collection[str], name: str) -> bool:
    """Return whether a feature was estimated from sound: the ends of its interval are there too."""
    return {f"{name}_low", f"{name}_high"} <= set(columns)


def are_estimates(columns: Collection[str]) -> bool:
    """Return whether a table with these columns holds features that were estimated from sound."""
    return any(is_estimated(columns, name) for name in FEATURES)


def estimated_share(table: pd.DataFrame) -> float:
    """Return the share of rows (0 to 1) whose features were estimated from sound.

    Of a table joined from estimates and others, the rows of others have no ends of an interval.

    Args:
        table: from `read_rows`, or some of its rows.
    """
    lows = [f"{name}_low" for name in FEATURES if is_estimated(table.columns, name)]
    if not lows or table.empty:
        return 0.0
    texts = table[lows].astype(str).apply(lambda column: column.str.strip())
    return float((texts != "").any(axis=1).mean())


def read_features(
    path: Path,
    table: pd.DataFrame,
    features: Sequence[str],
    remedy: str = "without them",
    fix: str = "correct or remove the row",
) -> pd.DataFrame:
    """Return id, title, artist and the features as numbers, each checked against its range.

    Where a whole number is documented, an estimate from sound may lie between two.

    Args:
        path: of the file, for messages.
        table: from `read_rows`, or some of its rows.
        features: names in `muso_exp.features.tracks.FEATURES`.
        remedy: what dropping the missing ones is for, in the message.
        fix: what to do about a row with a value that is none.

    Raises:
        DataFormatError: a feature that the file lacks, or a malformed value.
    """
    missing = [name for name in features if name not in table]
    if len(missing) == len(features) > 1:
        need = "give a table of tracks with audio features, as Exportify writes them"
        raise DataFormatError(path, "no column of audio features", line=1, fix=need)
    if missing:
        fix = f"{remedy}: 'dataset.drop=[{','.join(missing)}]'"
        raise DataFormatError(path, f"no column for {', '.join(missing)}", line=1, fix=fix)
    tracks = table[["id", "title", "artist", "line"]].reset_index(drop=True)
    for name in features:
        tracks[name] = _numbers(path, table, name, fix)
    return tracks


def _range(table: pd.DataFrame, name: str) -> Range:
    """Return the values that a feature may have; an estimate need not be whole."""
    estimated = is_estimated(table.columns, name)
    return replace(FEATURES[name], whole=False) if estimated else FEATURES[name]


def _numbers(path: Path, table: pd.DataFrame, name: str, fix: str) -> np.ndarray:
    values = _values(table, name)
    wanted = _range(table, name)
    good = wanted.contains(values)
    if not good.all():
        row = int(np.argmin(good))
        raise DataFormatError(
            path,
            f"{wanted} is needed",
            line=int(table["line"].iloc[row]),
            column=name,
            value=table[name].iloc[row],
            fix=fix,
        )
    return values


def _values(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a feature as numbers, shape (n_rows,), NaN where it is none; notes are numbered."""
    texts = table[name].astype(str).str.strip()
    if name in NOTATION:
        texts = texts.replace(NOTATION[name])
    elif name == "time_signature":
        texts = texts.str.replace(r"^(\d)/\d+$", r"\1", regex=True)
    return pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)


def drop_bad_rows(
    table: pd.DataFrame, features: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows whose features are all numbers in range, and the number of others, by reason.

    Args:
        table: from `read_rows`, or some of its rows.
        features: names in `muso_exp.features.tracks.FEATURES`; one that the table lacks is left
            to `read_features`.
    """
    known = [name for name in features if name in table]
    texts = table[known].astype(str).apply(lambda column: column.str.strip())
    bad = (texts == "").all(axis=1).to_numpy(copy=True) if known else np.zeros(len(table), bool)
    left = {"without audio features": int(bad.sum())}
    for name in known:
        now = ~_range(table, name).contains(_values(table, name)) & ~bad
        left[f"without a valid {name}"] = int(now.sum())
        bad |= now
    return table[~bad], {reason: number for reason, number in left.items() if number}
