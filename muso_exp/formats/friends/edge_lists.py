"""Lists of friendships: CSV with two columns of user names, each friendship once or both ways."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from muso_exp.errors import DataFormatError
from muso_exp.formats.tables import read_table, refuse_where
from muso_exp.records import Finding

BadRows = Literal["refuse", "drop"]
# The headings of the two columns; the published graphs of SNAP have the first two pairs.
ENDS = (
    ("node_1", "node_2"),
    ("id_1", "id_2"),
    ("user_a", "user_b"),
    ("user_1", "user_2"),
    ("user", "friend"),
    ("user_name", "friend_name"),
    ("source", "target"),
    ("from", "to"),
)


@dataclass(frozen=True)
class EdgeList:
    """Friendships by name.

    Attributes:
        ends: the two users of each friendship, each friendship once, shape (n_edges, 2), object.
        notes: rows that were left out or stand alone, counted.
    """

    ends: np.ndarray
    notes: list[Finding]


def read_edges(path: Path, bad_rows: BadRows) -> EdgeList:
    """Read a list of friendships.

    Args:
        path: CSV, plain or .gz, with one of the pairs of headings in `ENDS`.
        bad_rows: what to do with friendships of a user with themselves, repeated rows, and, in a
            list that has others both ways, those that stand one way only: `refuse`, or `drop` the
            first two kinds, keep the third, and count all.

    Raises:
        DataFormatError: other headings, an empty name, no friendship, or a bad row where refused.
    """
    table = read_table(path, lambda header: _ends(path, header))
    for column in table:
        refuse_where(path, table, str(column), (table[column] == "").to_numpy(), "a name is needed")
    first, second = (table[column].to_numpy(dtype=object) for column in table)
    loops = first == second
    repeated = table.duplicated().to_numpy() & ~loops
    one_sided = _one_sided(first, second) & ~loops & ~repeated
    kinds = (
        ("self_loops", loops, "friendships of a user with themselves"),
        ("repeated_edges", repeated, "rows that repeat an earlier friendship"),
        ("one_sided_edges", one_sided, "friendships that stand one way, in a list of both ways"),
    )
    notes = [_note(path, table, bad_rows, *kind) for kind in kinds if kind[1].any()]
    ends = np.stack([first, second], axis=1)[~loops & ~repeated]
    if len(ends) == 0:
        raise DataFormatError(path, "no friendship of two users", fix="give a list that has some")
    smaller = np.sort(ends.astype(str), axis=1).astype(object)
    distinct = ~pd.DataFrame(smaller).duplicated().to_numpy()
    return EdgeList(smaller[distinct], notes)


def _ends(path: Path, header: list[str]) -> dict[str, int]:
    plain = [name.strip().lower() for name in header]
    for pair in ENDS:
        if set(pair) <= set(plain):
            return {name: plain.index(name) for name in pair}
    known = " or ".join(",".join(pair) for pair in ENDS)
    raise DataFormatError(
        path, f"the header must have two columns {known}", line=1, value=",".join(header)
    )


def _one_sided(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return which rows lack the other direction, in a list where more than half have it."""
    rows = set(zip(first, second, strict=True))
    alone = np.array([(b, a) not in rows for a, b in zip(first, second, strict=True)], dtype=bool)
    return alone if alone.mean() < 0.5 else np.zeros(len(alone), dtype=bool)


def _note(
    path: Path, table: pd.DataFrame, bad_rows: BadRows, check: str, bad: np.ndarray, what: str
) -> Finding:
    n_bad = int(bad.sum())
    row = int(np.argmax(bad))
    if bad_rows == "refuse":
        raise DataFormatError(
            path,
            f"{n_bad} {what}",
            line=int(table.index[row]),
            value=",".join(table.iloc[row]),
            fix="correct the list, or set dataset.bad_rows=drop",
        )
    kept = "kept" if check == "one_sided_edges" else "left out"
    text = f"{n_bad} {what} in {path.name}, the first in line {table.index[row]}; {kept}."
    return Finding(check, n_bad, text, "warning")
