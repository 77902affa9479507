"""Listening CSV files of any size, summed by DuckDB -> interactions."""

import glob
import json
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from muso_exp.cache import cache_key, cached_folder
from muso_exp.csv_cells import GUARDED
from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.aggregate import MEMORY, Aggregate, edges
from muso_exp.formats.listening.csv_headers import (
    COUNT,
    ListeningTable,
    read_headers,
    refuse_damaged,
    refuse_first_fault,
)
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.load import load_plays
from muso_exp.formats.listening.logs import MOST_PLAYS
from muso_exp.formats.listening.msd import Files, ReadOptions, merged
from muso_exp.formats.tables import no_rows
from muso_exp.records import Finding
from muso_exp.text import CONTROL

VERSION = 1  # of the sums; raised whenever they change
_BETWEEN = "\x1f"  # artist and title, while they are one value
_DASH = " - "


def read_listening_csv(files: Files, options: ReadOptions) -> Interactions:
    """Read who played what: a row per play, or per user and item with a number of plays.

    An item is identified by its track_id, or else by its name: `artist - title`, or the artist.

    Raises:
        DataFormatError: a malformed table (see `csv_headers`), no row, or plays of one user.
    """
    tables, roles = read_headers(files, options.items)
    folder = _sum_tables(tables, roles, options.cache)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    logs = {"plays": Aggregate(pairs=folder / "pairs.parquet", leading_zeros=0, **facts)}
    loaded = load_plays(logs, options.top_items, events="plays" not in roles)
    if len(loaded.users) < 2:
        raise DataFormatError(
            tables[0].path.parent,
            "all plays are of one user, which cannot be factorised",
            fix="join the plays of several people",
        )
    names = pd.read_parquet(folder / "names.parquet").set_index("item")["name"]
    parted = names.reindex(loaded.items).str.partition(_BETWEEN)
    items = pd.DataFrame(
        {"id": loaded.items, "artist": parted[0].to_numpy(), "title": parted[2].to_numpy()}
    )
    notes = [*loaded.notes, _columns_read(tables, roles)]
    plays = loaded.plays["plays"]
    return merged(Interactions(plays, np.arange(len(loaded.users)), items, notes=notes), options)


def _columns_read(tables: list[ListeningTable], roles: list[str]) -> Finding:
    """Return the note on which column was read as what."""
    header, places = tables[0].header, tables[0].places
    read = ", ".join(f"{role} from {header[places[role]]!r}" for role in roles)
    unread = [name for place, name in enumerate(header) if place not in map(places.get, roles)]
    text = f"tables of plays: {len(tables)}; read in {tables[0].path.name}: {read}"
    text += f"; not read: {', '.join(unread)}" if unread else ""
    return Finding("tables_read", len(tables), text)


def _sum_tables(tables: list[ListeningTable], roles: list[str], cache: Path) -> Path:
    """Return the folder with `pairs.parquet`, `names.parquet` and their counts, written once.

    Raises:
        DataFormatError: a malformed row, or no row.
    """

    def write(folder: Path) -> None:
        for table in tables:
            refuse_damaged(table.path)
        try:
            facts = _write_sums(tables, roles, folder)
        except duckdb.Error as error:
            raise _fault(tables, roles, str(error).splitlines()[0]) from error
        if facts["lines"] == 0:
            raise no_rows(tables[0].path)
        if facts.pop("faults"):
            raise _fault(tables, roles, "a row without a name or a play count")
        (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")

    sources = " ".join(edges(table.path) for table in tables)
    read = {"columns": [[table.places[role] for role in roles] for table in tables]}
    key = cache_key("listening_csv", VERSION, {"roles": roles} | read, sources)
    return cached_folder(cache, key, write)


def _fault(tables: list[ListeningTable], roles: list[str], reason: str) -> DataFormatError:
    """Raise at the first fault with its line, or return the error that says the reason."""
    for table in tables:
        refuse_first_fault(table, roles)
    fix = "save it anew as CSV in UTF-8"
    return DataFormatError(tables[0].path, f"cannot be read: {reason}", fix=fix)


def _write_sums(tables: list[ListeningTable], roles: list[str], folder: Path) -> dict[str, int]:
    """Sum the plays of each user and item; what does not fit into memory goes to disk.

    Returns:
        lines, plays, pairs_count, and faults: rows without a name or a play count.
    """
    pairs, spill = folder / "pairs.parquet", folder / "spill"
    config = {"memory_limit": MEMORY, "temp_directory": str(spill)}
    with duckdb.connect(config=dict(config)) as connection:
        lines = " UNION ALL ".join(_select(table, roles) for table in tables)
        connection.sql(
            'SELECT "user", item, min(name) AS name, count(*) AS lines, count(plays) AS good, '
            f'coalesce(sum(plays), 0)::BIGINT AS plays FROM ({lines}) GROUP BY "user", item'
        ).write_parquet(str(pairs), compression="zstd")
        read = connection.read_parquet(glob.escape(str(pairs)))
        names = read.aggregate("item, min(name) AS name", "item")
        names.write_parquet(str(folder / "names.parquet"), compression="zstd")
        totals = ("sum(lines)", "sum(plays)", "count(*)", "sum(lines - good)")
        found = ", ".join(f"coalesce({total}, 0)::BIGINT" for total in totals)
        facts = read.aggregate(found).fetchall()[0]
    shutil.rmtree(spill, ignore_errors=True)
    return dict(zip(("lines", "plays", "pairs_count", "faults"), facts, strict=True))


def _select(table: ListeningTable, roles: list[str]) -> str:
    """Return the query of a table's rows: user, item, name, plays (NULL where a row is faulty)."""
    cells = {role: _cell(table, table.places[role]) for role in roles}
    texts = [cell for role, cell in cells.items() if role != "plays"]
    plays, whole = "1", "true"
    if "plays" in cells:
        plays = f"try_cast({cells['plays']} AS DOUBLE)"
        whole = (
            f"regexp_full_match({cells['plays']}, '{COUNT}') AND {plays} BETWEEN 1 AND {MOST_PLAYS}"
        )
    named = (f"{text} <> '' AND NOT regexp_matches({text}, '{CONTROL.pattern}')" for text in texts)
    good = " AND ".join([*named, whole])
    first = cells.get("artist", "''")
    second = next((cells[role] for role in ("album", "track", "track_id") if role in cells), "''")
    name = f"concat_ws('{_DASH}', nullif({first}, ''), nullif({second}, ''))"
    return (
        f'SELECT {cells["user"]} AS "user", {cells.get("track_id", name)} AS item, '
        f"concat({first}, '{_BETWEEN}', {second}) AS name, "
        f"CASE WHEN {good} THEN {plays}::BIGINT END AS plays FROM {_scan(table)}"
    )


def _cell(table: ListeningTable, place: int) -> str:
    """Return the expression of a cell's text, without what guards it in a CSV file."""
    cell = f"trim(c{place})"
    if table.delimiter == "\t":
        return cell
    pattern = f"({GUARDED}).*".replace("'", "''")
    is_guarded = f"starts_with({cell}, '''') AND regexp_full_match({cell}, '{pattern}', 's')"
    return f"CASE WHEN {is_guarded} THEN substr({cell}, 2) ELSE {cell} END"


def _scan(table: ListeningTable) -> str:
    """Return the call that reads a table, all as text, in columns c0, c1, ..."""
    path = glob.escape(str(table.path)).replace("'", "''")
    columns = {f"c{place}": "VARCHAR" for place in range(len(table.header))}
    return (
        f"read_csv(['{path}'], auto_detect = false, header = true, delim = '{table.delimiter}', "
        f"quote = '{table.quote}', escape = '{table.quote}', columns = {columns})"
    )
