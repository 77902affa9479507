"""From aggregated logs to a matrix of plays with row and column numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import fill_rows
from muso_exp.formats.listening.aggregate import MEMORY, Aggregate, disk_errors
from muso_exp.formats.listening.logs import MOST_PLAYS
from muso_exp.formats.listening.stored_pairs import StoredPairs
from muso_exp.memory import new_array, on_disk, require_memory
from muso_exp.records import Finding
from muso_exp.text import counted

PAIR_BYTES = 8 + 12  # the matrix, and what any step holds beside it
PAIR_BYTES_MAPPED = 6  # where the matrices are in files
ITEM_BYTES = 600  # id, artist, title, and sums of its plays
BASE_BYTES = 2**29  # DuckDB, and blocks
BATCH = 2**20  # rows that are in memory at once, besides the matrix


@dataclass(frozen=True)
class LoadedPlays:
    """Plays of one or several logs over the same users and items.

    Attributes:
        users: ids as in the files, ascending, shape (n_users,).
        items: ids as in the files, ascending, shape (n_items,).
        plays: of each log, by its name, shape (n_users, n_items), int32, or int64 where the plays
            in total are too many for that.
        earlier: plays before the cut, of all logs, shape (n_users, n_items); None if not wanted.
        notes: repeated rows, leading zeros, items left out.
        stored: where the plays lie, if a matrix has no more than their sums; else None.
    """

    users: np.ndarray
    items: np.ndarray
    plays: dict[str, csr_matrix]
    earlier: csr_matrix | None
    notes: list[Finding]
    stored: StoredPairs | None = None


def load_plays(
    logs: Mapping[str, Aggregate],
    top_items: int | None = None,
    events: bool = False,
    timed: bool = False,
    kept: np.ndarray | None = None,
) -> LoadedPlays:
    """Load aggregated logs, the most played items only if so wished.

    Each matrix is made in two passes over the files: one counts the items of each user, the other
    fills arrays of their final size. Beside the matrices only a few batches of rows are held.

    Args:
        logs: by name.
        top_items: keep so many items, those with the most plays; None for all.
        events: whether a line is an event, so that repeated lines are nothing to note.
        timed: whether `earlier` is wanted.
        kept: ids of the items to load in place of that, ascending; None for all.
    """
    first = next(iter(logs.values())).pairs
    with (
        disk_errors(),
        TemporaryDirectory(dir=first.parent.parent) as spill,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill}) as connection,
    ):
        total = _number(connection, logs, top_items, kept)
        users, items = (_ids(connection, name) for name in ("user", "item"))
        shape = len(users), len(items)
        refuse_too_many(_count_pairs(connection, logs, total - len(items)) * (1 + timed), shape[1])
        plays = {
            name: _matrix(connection, log, number, "plays", shape)
            for number, (name, log) in enumerate(logs.items())
        }
        earlier = [
            _matrix(connection, log, number, "earlier", shape)
            for number, log in enumerate(logs.values() if timed else ())
        ]
    before = sum(earlier[1:], earlier[0]) if earlier else None
    n_left = total - len(items) if kept is None else 0
    return LoadedPlays(users, items, plays, before, load_notes(logs, events, n_left))


def refuse_too_many(n_pairs: int, n_items: int) -> None:
    """Refuse plays that would not fit into memory, before they are loaded.

    Loading, filtering, splitting and evaluating take so many bytes a pair and item at most, see
    docs/full_size.md.

    Args:
        n_pairs: of user and item, in all logs.
        n_items: of which names are held.

    Raises:
        ConfigError: more memory would be needed than is free.
    """
    each = PAIR_BYTES_MAPPED if on_disk() else PAIR_BYTES
    needed = BASE_BYTES + n_pairs * each + n_items * ITEM_BYTES
    mapped = "" if on_disk() else "set dataset.reading.matrix=disk, or "
    require_memory(
        needed,
        f"dataset: {n_pairs} pairs of user and item ({n_items} items)",
        f"{mapped}keep fewer items: dataset.top_items, or of LFM-1b dataset.matched=true",
    )


def item_totals(log: Aggregate) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of a log's items, ascending, and the plays of each, both (n_items,)."""
    with (
        disk_errors(),
        TemporaryDirectory(dir=log.pairs.parent.parent) as spill,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill}) as connection,
    ):
        found = connection.sql(
            "SELECT item, sum(plays)::BIGINT AS plays "
            f"FROM read_parquet('{_quoted(log)}') GROUP BY item ORDER BY item"
        ).fetchnumpy()
    return np.asarray(found["item"]), np.asarray(found["plays"])


def _count_pairs(
    connection: duckdb.DuckDBPyConnection, logs: Mapping[str, Aggregate], n_left_out: int
) -> int:
    """Return how many pairs of the items to keep there are."""
    if n_left_out == 0:
        return sum(log.pairs_count for log in logs.values())
    asked = "SELECT count(*) FROM pairs SEMI JOIN items ON pairs.item = items.id"
    return connection.sql(asked).fetchall()[0][0]


def plays_dtype(log: Aggregate) -> type:
    """Return the type of a log's plays in memory: no sum of them is more than their total."""
    return np.int32 if log.plays <= MOST_PLAYS else np.int64


def _number(
    connection: duckdb.DuckDBPyConnection,
    logs: Mapping[str, Aggregate],
    top_items: int | None,
    kept: np.ndarray | None,
) -> int:
    """Number the users and the items to keep, by id, in tables; return how many items there are."""
    parts = [
        f"SELECT {number} AS log, * FROM read_parquet('{_quoted(log)}')"
        for number, log in enumerate(logs.values())
    ]
    connection.execute(f"CREATE VIEW pairs AS {' UNION ALL '.join(parts)}")
    top = "" if top_items is None else f"ORDER BY sum(plays) DESC, item LIMIT {top_items}"
    chosen = f"SELECT item FROM pairs GROUP BY item {top}"
    if kept is not None:
        connection.register("kept", pa.table({"item": kept}))
        chosen = "SELECT item FROM kept"
    connection.execute(
        "CREATE TABLE items AS SELECT item AS id, row_number() OVER (ORDER BY item) - 1 AS number "
        f"FROM ({chosen})"
    )
    connection.execute(
        "CREATE TABLE users AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS number "
        'FROM (SELECT DISTINCT "user" AS id FROM pairs)'
    )
    return connection.sql("SELECT count(DISTINCT item) FROM pairs").fetchall()[0][0]


def _ids(connection: duckdb.DuckDBPyConnection, kind: str) -> np.ndarray:
    found = connection.sql(f"SELECT id FROM {kind}s ORDER BY number").fetchnumpy()["id"]
    return np.asarray(found)


def _quoted(log: Aggregate) -> str:
    return str(log.pairs).replace("'", "''")


def _matrix(
    connection: duckdb.DuckDBPyConnection,
    log: Aggregate,
    number: int,
    column: str,
    shape: tuple[int, int],
) -> csr_matrix:
    """Return the plays, or the earlier ones, of a log: users and items as they are numbered."""
    cells = (
        f"SELECT users.number::INTEGER AS user, items.number::INTEGER AS item, {column} AS plays "
        f'FROM pairs JOIN users ON pairs."user" = users.id JOIN items ON pairs.item = items.id '
        f"WHERE log = {number} AND {column} > 0"
    )
    sizes = connection.sql(f"SELECT user, count(*) AS n FROM ({cells}) GROUP BY user").fetchnumpy()
    indptr = np.zeros(shape[0] + 1, dtype=np.int64)
    indptr[np.asarray(sizes["user"]) + 1] = sizes["n"]
    np.cumsum(indptr, out=indptr)
    whole = plays_dtype(log)
    ends, indices, plays = (
        indptr[:-1].copy(),
        new_array(indptr[-1], np.int32),
        new_array(indptr[-1], whole),
    )
    for batch in connection.sql(cells).to_arrow_reader(BATCH):
        user, item, counts = (batch.column(name).to_numpy() for name in ("user", "item", "plays"))
        fill_rows(user, item, counts, ends, indices, plays)
    matrix = csr_matrix((plays, indices, indptr), shape=shape)
    matrix.sort_indices()
    return matrix


def load_notes(logs: Mapping[str, Aggregate], events: bool, n_left: int) -> list[Finding]:
    """Return notes on repeated rows, leading zeros, and `n_left` items that were left out."""
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
