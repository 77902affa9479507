"""Listening tables of any size, CSV or Parquet, summed by DuckDB -> interactions."""

import glob
import json
import shutil
from dataclasses import replace
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from muso_exp.cache import cache_key, cached_folder
from muso_exp.csv_cells import GUARDED
from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.aggregate import MEMORY, Aggregate, disk_errors, edges, unended
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
from muso_exp.formats.listening.msd import ONE_PERSON, Files, ReadOptions, merged
from muso_exp.formats.listening.parquet_tables import is_parquet
from muso_exp.formats.tables import no_rows
from muso_exp.opening import open_data
from muso_exp.records import Finding
from muso_exp.text import CONTROL, counted

VERSION = 2  # of the sums; raised whenever they change
_BETWEEN = "\x1f"  # artist and title, while they are one value
_DASH = " - "


def read_listening_csv(files: Files, options: ReadOptions) -> Interactions:
    """Read who played what: a row per play, or per user and item with a number of plays.

    An item is identified by its track_id, or else by its name: `artist - title`, or the artist.

    Raises:
        DataFormatError: a malformed table (see `csv_headers`), no row, or plays of one user.
    """
    tables, roles = read_headers(files, options.reading.items)
    folder = _sum_tables(tables, roles, options)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    dropped = [_dropped(what, facts.pop(what)) for what in ("nameless", "uncounted")]
    logs = {"plays": Aggregate(pairs=folder / "pairs.parquet", leading_zeros=0, **facts)}
    loaded = load_plays(logs, options.top_items, events="plays" not in roles)
    if len(loaded.users) < 2:
        raise DataFormatError(
            tables[0].path.parent,
            "all plays are of one user, from which nothing can be learned",
            fix=f"join the plays of several people; {ONE_PERSON}",
        )
    names = pd.read_parquet(folder / "names.parquet").set_index("item")["name"]
    parted = names.reindex(loaded.items).str.partition(_BETWEEN)
    items = pd.DataFrame(
        {"id": loaded.items, "artist": parted[0].to_numpy(), "title": parted[2].to_numpy()}
    )
    cut = [unended(table.path) for table in tables if not is_parquet(table.path)]
    notes = [*loaded.notes, _columns_read(tables, roles), *chain(*dropped, *cut)]
    plays = loaded.plays["plays"]
    return merged(
        Interactions(plays, np.arange(len(loaded.users)), items, notes=notes), options, "versions"
    )


def _dropped(what: str, number: int) -> list[Finding]:
    """Return the note on rows that `dataset.bad_rows=drop` left out."""
    why = {"nameless": "without a name", "uncounted": "without a play count of 1 or more"}[what]
    text = f"{counted(number, 'row')} {why} left out (dataset.bad_rows=drop)"
    return [Finding(f"{what}_rows", number, text, "warning")] if number else []


def _columns_read(tables: list[ListeningTable], roles: list[str]) -> Finding:
    """Return the note on which column was read as what."""
    header, places = tables[0].header, tables[0].places
    read = ", ".join(f"{role} from {header[places[role]]!r}" for role in roles)
    unread = [name for place, name in enumerate(header) if place not in map(places.get, roles)]
    text = f"tables of plays: {len(tables)}; read in {tables[0].path.name}: {read}"
    text += f"; not read: {', '.join(unread)}" if unread else ""
    return Finding("tables_read", len(tables), text)


def _sum_tables(tables: list[ListeningTable], roles: list[str], options: ReadOptions) -> Path:
    """Return the folder with `pairs.parquet`, `names.parquet` and their counts, written once.

    Raises:
        DataFormatError: a malformed row, or no row.
    """

    def write(folder: Path) -> None:
        plain = [_unpacked(table, folder / f"{n}.csv") for n, table in enumerate(tables)]
        try:
            with disk_errors():
                facts = _write_sums(plain, roles, folder)
        except duckdb.Error as error:
            raise _fault(tables, roles, str(error).splitlines()[0]) from error
        if facts["lines"] == 0:
            raise no_rows(tables[0].path)
        faults = facts.pop("faults")
        if faults and (options.bad_rows == "refuse" or faults == facts["lines"]):
            raise _fault(tables, roles, "a row without a name or a play count")
        facts["lines"] -= faults
        for table in plain:
            if table.path.parent == folder:
                table.path.unlink()
        (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")

    sources = " ".join(edges(table.path) for table in tables)
    read = {"columns": [[table.places[role] for role in roles] for table in tables]}
    key = cache_key(
        "listening_csv", VERSION, {"roles": roles, "bad": options.bad_rows} | read, sources
    )
    return cached_folder(options.cache, key, write)


def _unpacked(table: ListeningTable, target: Path) -> ListeningTable:
    """Return a table that DuckDB reads: of bzip2, which it does not know, an unpacked copy.

    Raises:
        DataFormatError: damaged packed data.
    """
    refuse_damaged(table.path)
    if table.path.suffix != ".bz2":
        return table
    with open_data(table.path) as file, target.open("wb") as copy:
        shutil.copyfileobj(file, copy, 2**20)
    return replace(table, path=target)


def _fault(tables: list[ListeningTable], roles: list[str], reason: str) -> DataFormatError:
    """Raise at the first fault with its line, or return the error that says the reason."""
    for table in tables:
        refuse_first_fault(table, roles)
    fix = "save it anew as CSV in UTF-8"
    return DataFormatError(tables[0].path, f"cannot be read: {reason}", fix=fix)


def _write_sums(tables: list[ListeningTable], roles: list[str], folder: Path) -> dict[str, int]:
    """Sum the plays of each user and item; what does not fit into memory goes to disk.

    Returns:
        lines, plays, pairs_count, faults (rows without a name or a play count), and of these the
        nameless and the uncounted ones.
    """
    pairs, spill = folder / "pairs.parquet", folder / "spill"
    config = {"memory_limit": MEMORY, "temp_directory": str(spill)}
    with duckdb.connect(config=dict(config)) as connection:
        lines = " UNION ALL ".join(_select(table, roles) for table in tables)
        summed = connection.sql(
            'SELECT "user", item, min(name) AS name, count(*) AS lines, count(plays) AS good, '
            "count_if(NOT named) AS nameless, coalesce(sum(plays), 0)::BIGINT AS plays "
            f'FROM ({lines}) GROUP BY "user", item'
        )
        summed.write_parquet(str(folder / "all.parquet"), compression="zstd")
        every = connection.read_parquet(glob.escape(str(folder / "all.parquet")))
        every.filter("good > 0").write_parquet(str(pairs), compression="zstd")
        read = connection.read_parquet(glob.escape(str(pairs)))
        names = read.aggregate("item, min(name) AS name", "item")
        names.write_parquet(str(folder / "names.parquet"), compression="zstd")
        totals = {
            "lines": "sum(lines)",
            "plays": "sum(plays)",
            "pairs_count": "count_if(good > 0)",
            "faults": "sum(lines - good)",
            "nameless": "sum(nameless)",
            "uncounted": "sum(lines - good - nameless)",
        }
        found = ", ".join(f"coalesce({total}, 0)::BIGINT" for total in totals.values())
        facts = every.aggregate(found).fetchall()[0]
    (folder / "all.parquet").unlink()
    shutil.rmtree(spill, ignore_errors=True)
    return dict(zip(totals, facts, strict=True))


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
    whole_texts = [f"NOT regexp_matches({text}, '{CONTROL.pattern}')" for text in texts]
    named = " AND ".join(f"coalesce({text}, '') <> ''" for text in texts)
    good = " AND ".join([named, *whole_texts, whole])
    first = cells.get("artist", "''")
    second = next((cells[role] for role in ("album", "track", "track_id") if role in cells), "''")
    name = f"concat_ws('{_DASH}', nullif({first}, ''), nullif({second}, ''))"
    return (
        f'SELECT {cells["user"]} AS "user", {cells.get("track_id", name)} AS item, '
        f"concat({first}, '{_BETWEEN}', {second}) AS name, "
        f"CASE WHEN {good} THEN {plays}::BIGINT END AS plays, {named} AS named "
        f"FROM {_scan(table)}"
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
    if is_parquet(table.path):
        names = ('"' + name.replace('"', '""') + '"' for name in table.header)
        texts = ", ".join(f"{name}::VARCHAR AS c{place}" for place, name in enumerate(names))
        return f"(SELECT {texts} FROM read_parquet(['{path}']))"
    columns = {f"c{place}": "VARCHAR" for place in range(len(table.header))}
    return (
        f"read_csv(['{path}'], auto_detect = false, header = {table.headed}, "
        f"delim = '{table.delimiter}', quote = '{table.quote}', escape = '{table.quote}', "
        f"columns = {columns})"
    )
