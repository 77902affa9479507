"""From aggregated logs to a matrix of plays with row and column numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import sum_plays
from muso_exp.formats.listening.aggregate import MEMORY, Aggregate
from muso_exp.records import Finding
from muso_exp.text import counted


@dataclass(frozen=True)
class LoadedPlays:
    """Plays of one or several logs over the same users and items.

    Attributes:
        users: ids as in the files, ascending, shape (n_users,).
        items: ids as in the files, ascending, shape (n_items,).
        plays: of each log, by its name, shape (n_users, n_items), int64.
        earlier: plays before the cut, of all logs, shape (n_users, n_items); None if not wanted.
        notes: repeated rows, leading zeros, items left out.
    """

    users: np.ndarray
    items: np.ndarray
    plays: dict[str, csr_matrix]
    earlier: csr_matrix | None
    notes: list[Finding]


def load_plays(
    logs: Mapping[str, Aggregate],
    top_items: int | None = None,
    events: bool = False,
    timed: bool = False,
) -> LoadedPlays:
    """Load aggregated logs, the most played items only if so wished.

    Args:
        logs: by name.
        top_items: keep so many items, those with the most plays; None for all.
        events: whether a line is an event, so that repeated lines are nothing to note.
        timed: whether `earlier` is wanted.
    """
    with duckdb.connect(config={"memory_limit": MEMORY}) as connection:
        parts = [
            f"SELECT {number} AS log, * FROM read_parquet('{_quoted(log)}')"
            for number, log in enumerate(logs.values())
        ]
        connection.execute(f"CREATE VIEW pairs AS {' UNION ALL '.join(parts)}")
        kept = "" if top_items is None else f"ORDER BY sum(plays) DESC, item LIMIT {top_items}"
        connection.execute(
            "CREATE TABLE items AS SELECT item, row_number() OVER (ORDER BY item) - 1 AS number "
            f"FROM (SELECT item FROM pairs GROUP BY item {kept})"
        )
        connection.execute(
            "CREATE TABLE users AS SELECT user, row_number() OVER (ORDER BY user) - 1 AS number "
            'FROM (SELECT DISTINCT "user" AS user FROM pairs)'
        )
        cells = connection.sql(
            "SELECT log::TINYINT AS log, users.number::INTEGER AS user, "
            f"items.number::INTEGER AS item, plays{', earlier' if timed else ''} FROM pairs "
            "JOIN users ON pairs.user = users.user JOIN items ON pairs.item = items.item"
        ).fetchnumpy()
        users = connection.sql("SELECT user FROM users ORDER BY number").fetchnumpy()["user"]
        items = connection.sql("SELECT item FROM items ORDER BY number").fetchnumpy()["item"]
        total = connection.sql("SELECT count(DISTINCT item) FROM pairs").fetchall()[0][0]
    shape = len(users), len(items)
    plays = {
        name: _matrix(cells, cells["log"] == number, "plays", shape)
        for number, name in enumerate(logs)
    }
    earlier = _matrix(cells, cells["earlier"] > 0, "earlier", shape) if timed else None
    notes = _notes(logs, events, total - len(items))
    return LoadedPlays(np.asarray(users), np.asarray(items), plays, earlier, notes)


def _quoted(log: Aggregate) -> str:
    return str(log.pairs).replace("'", "''")


def _matrix(
    cells: Mapping[str, np.ndarray], chosen: np.ndarray, column: str, shape: tuple[int, int]
) -> csr_matrix:
    users, items, plays = (np.asarray(cells[name])[chosen] for name in ("user", "item", column))
    return sum_plays(users, items, plays, *shape)


def _notes(logs: Mapping[str, Aggregate], events: bool, n_left: int) -> list[Finding]:
    notes = []
    repeated = sum(log.lines - log.pairs_count for log in logs.values())
    if repeated and not events:
        text = f"{counted(repeated, 'row')} of an earlier user and item; the plays were added up"
        notes.append(Finding("repeated_rows", repeated, text))
    zeros = sum(log.leading_zeros for log in logs.values())
    if zeros:
        text = f"{zeros} numbers have leading zeros and were read as numbers"
        notes.append(Finding("leading_zeros", zeros, text))
    if n_left:
        text = f"{n_left} items left out: dataset.top_items keeps the most played ones"
        notes.append(Finding("items_left_out", n_left, text))
    return notes
