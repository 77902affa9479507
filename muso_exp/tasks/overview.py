"""What a data set holds, before any model: counts, distributions, long tail, gaps, a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.figures.overview import frequencies_figure, histograms_figure, ranks_figure
from muso_exp.records import Finding, Section
from muso_exp.simulation.statistics import gini

N_SAMPLED = 10  # rows of a sample
N_MOST = 15  # values, items or tags that are named
LONGEST = 60  # letters of a cell


@dataclass(frozen=True)
class Overview:
    """What a data set holds.

    Attributes:
        counts: how many of each there are, by name.
        sections: parts of the page, in order; their names differ.
        notes: what was found while reading: rows left out, and why.
    """

    counts: Mapping[str, int]
    sections: Sequence[Section]
    notes: Sequence[Finding] = ()


def columns_section(
    table: pd.DataFrame, title: str = "Columns and missing values", name: str = "columns"
) -> Section:
    """Return a row per column of a table: how many are missing, how the others are spread.

    A text without a letter is missing, and so is a number that is none.
    """
    rows = [_described(str(column), table[column]) for column in table]
    text = (
        f"{len(table):,} rows as they are used. Missing is an empty text, or a number that is "
        "none; rows that cannot be used are left out before this, and counted above."
    )
    return Section(name, title, text, table=pd.DataFrame(rows))


def histograms_section(
    columns: Mapping[str, np.ndarray],
    title: str = "Distributions",
    name: str = "distributions",
    groups: Mapping[str, np.ndarray] | None = None,
) -> Section:
    """Return a histogram of each column; see `muso_exp.figures.overview.histograms_figure`."""
    figure = partial(histograms_figure, columns, groups)
    text = "The height is a share of the rows" + (" of a group." if groups else ".")
    return Section(name, title, text, figure=figure)


def frequencies_section(
    values: Sequence[str] | np.ndarray | pd.Series, title: str, what: str, name: str
) -> Section:
    """Return how often each value occurs, the most frequent first; empty texts are left out.

    Args:
        values: one a row.
        title: heading.
        what: a row is, in the plural.
        name: of the section.
    """
    found = pd.Series(np.asarray(values, dtype=object))
    counts = found[found.astype(str) != ""].astype(str).value_counts()
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")  # ties by name
    return counted_section(counts, title, what, name)


def counted_section(counts: pd.Series, title: str, what: str, name: str) -> Section:
    """Return counts by their names, those that come first in the series.

    Args:
        counts: descending, indexed by name.
        title: heading.
        what: is counted, in the plural.
        name: of the section.
    """
    most = counts.iloc[:N_MOST]
    text = f"The first {len(most)} of {len(counts):,}." if len(counts) > len(most) else ""
    table = pd.DataFrame(
        {"": [str(label) for label in most.index], what: most.to_numpy()}
    ).reset_index(drop=True)
    labels = [str(label) for label in most.index]
    figure = partial(frequencies_figure, labels, most.to_numpy(), what) if len(most) else None
    return Section(name, title, text, table=table, figure=figure)


def ordered_counts(counts: np.ndarray, names: Sequence[str]) -> pd.Series:
    """Return counts (n,) by their names, n of them, descending; ties keep their order."""
    order = np.argsort(-counts, kind="stable")
    return pd.Series(counts[order], index=[names[place] for place in order])


def tail_section(
    counts: Mapping[str, np.ndarray],
    unit: str,
    title: str = "The long tail",
    name: str = "tail",
) -> Section:
    """Return how unequally something is shared out: to items, to users.

    Args:
        counts: what each has, by what they are (in the plural), shapes (n,).
        unit: what is counted, in the plural.
        title: heading.
        name: of the section.
    """
    rows = [_shared_out(kind, np.asarray(values, np.float64)) for kind, values in counts.items()]
    text = (
        f"How many {unit} each has. A straight line falling on these axes is a long tail: few have "
        "most. Gini is 0 where all have the same, near 1 where one has all."
    )
    figure = (
        partial(ranks_figure, counts, unit) if any(np.any(v > 0) for v in counts.values()) else None
    )
    return Section(name, title, text, table=pd.DataFrame(rows), figure=figure)


def plays_tails(plays: csr_matrix, items: str) -> dict[str, np.ndarray]:
    """Return how often each item is played, and how much each user plays, for `tail_section`.

    Args:
        plays: play counts, shape (n_users, n_items).
        items: what the items are, in the plural.
    """
    return {
        items: np.asarray(plays.sum(axis=0), np.float64).ravel(),
        "users": np.asarray(plays.sum(axis=1), np.float64).ravel(),
    }


def sample_section(table: pd.DataFrame, seed: int, what: str = "rows") -> Section:
    """Return some rows of a table, drawn, in the order of the table.

    Args:
        table: of what a reader knows the rows by.
        seed: of the draw.
        what: a row is, in the plural.
    """
    order = np.random.default_rng([seed, 0]).permutation(len(table))[:N_SAMPLED]
    rows = table.iloc[np.sort(order)].reset_index(drop=True)
    shown = pd.DataFrame({column: [_cell(value) for value in rows[column]] for column in rows})
    text = f"{len(shown)} of {len(table):,} {what}, drawn."
    return Section("sample", "A sample", text, table=shown)


def play_rows(plays: csr_matrix, users: Sequence[str], items: Sequence[str]) -> pd.DataFrame:
    """Return who plays what how often, a row per entry: user, item, plays.

    Args:
        plays: play counts, shape (n_users, n_items).
        users: names, n_users of them.
        items: names, n_items of them.
    """
    cells = plays.tocoo()
    drawn = np.random.default_rng(0).permutation(cells.nnz)[: 50 * N_SAMPLED]  # a sample's sample
    return pd.DataFrame(
        {
            "user": [str(users[row]) for row in cells.row[drawn]],
            "item": [str(items[column]) for column in cells.col[drawn]],
            "plays": cells.data[drawn],
        }
    )


def _described(name: str, values: pd.Series) -> dict[str, object]:
    if pd.api.types.is_numeric_dtype(values):
        number = values.to_numpy(np.float64)
        known = number[np.isfinite(number)]
        least, median, mean, most = (
            (known.min(), np.median(known), known.mean(), known.max())
            if len(known)
            else [np.nan] * 4
        )
        numbers = {"least": least, "median": median, "mean": mean, "most": most}
        different, frequent = len(np.unique(known)), ""
    else:
        texts = values.map(_cell)
        known = texts[texts.str.strip() != ""].to_numpy(object)
        numbers = dict.fromkeys(("least", "median", "mean", "most"), np.nan)
        counts = pd.Series(known).value_counts()
        different = len(counts)
        frequent = _frequent(counts)
    missing = len(values) - len(known)
    share = 100 * missing / max(len(values), 1)
    return {
        "column": name,
        "known": len(known),
        "missing": missing,
        "missing, %": round(share, 2),
        "different": different,
        **numbers,
        "most frequent": frequent,
    }


def _frequent(counts: pd.Series) -> str:
    """Return the most frequent text and how often it stands there; "" where none does twice."""
    if not len(counts) or counts.iloc[0] == 1:
        return ""
    return f"{counts.index[0]} ({counts.iloc[0]:,})"


def _shared_out(kind: str, values: np.ndarray) -> dict[str, object]:
    ordered = np.sort(values)[::-1]
    total = ordered.sum()

    def first(share: float) -> float:
        n = max(1, round(share * len(ordered)))
        return round(100 * float(ordered[:n].sum() / total), 1) if total > 0 else np.nan

    return {
        "of each of the": kind,
        "number": len(values),
        "with none": int((values == 0).sum()),
        "with one": int((values == 1).sum()),
        "median": float(np.median(values)) if len(values) else np.nan,
        "mean": float(values.mean()) if len(values) else np.nan,
        "most": float(ordered[0]) if len(values) else np.nan,
        "first 1 % have, %": first(0.01),
        "first 10 % have, %": first(0.1),
        "Gini": round(gini(values), 3) if total > 0 else np.nan,
    }


def _cell(value: object) -> object:
    """Return a value as a table shows it: lists joined, long texts cut, numbers as they are."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        value = ", ".join(map(str, value))
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    return value
