"""A listening log of any size -> one row per user and item, in bounded memory, in steps."""

import errno
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.parquet import read_table

from muso_exp.cache import cache_key, cached_folder
from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.logs import PIECE, Layout, Piece, read_pieces
from muso_exp.formats.listening.spark_aggregate import aggregate_by_spark, days_by_spark
from muso_exp.opening import PACKED, file_state
from muso_exp.records import Finding

log = logging.getLogger(__name__)

VERSION = 1  # of the aggregate; raised whenever its output changes
MEMORY = "1500MB"  # of DuckDB; what does not fit goes to disk
_EDGE = 2**20
_NO_ROOM = {os.strerror(code): code for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)}
_NO_ROOM["max_temp_directory_size"] = errno.ENOSPC  # how DuckDB says it of its temporary files


@dataclass(frozen=True)
class Aggregate:
    """One row per user and item of a log, on disk.

    Attributes:
        pairs: Parquet with `user`, `item`, `plays`, `earlier` (plays before the cut), sorted.
        lines: lines of the log.
        plays: plays in total.
        pairs_count: rows of `pairs`.
        leading_zeros: ids that were written with leading zeros.
        ended: whether the last line has an end, of a packed log; True where it is not known.
    """

    pairs: Path
    lines: int
    plays: int
    pairs_count: int
    leading_zeros: int
    ended: bool = True


@dataclass(frozen=True)
class _PieceSums:
    """What is known of one aggregated piece of the log."""

    end: int
    next_line: int
    lines: int
    plays: int
    leading_zeros: int
    ended: bool = True


def aggregate_log(
    path: Path,
    layout: Layout,
    cache: Path,
    cut: int | None = None,
    piece: int = PIECE,
    spark: str = "",
) -> Aggregate:
    """Sum the plays of each user and item of a log, once; later calls find the result.

    Each piece of the file is checked, summed and written as Parquet; then the pieces are summed by
    DuckDB, which spills to disk. A run that was killed goes on after its last whole piece.

    Args:
        path: the log, plain or .gz.
        layout: its columns.
        cache: folder for prepared files.
        cut: time in seconds since 1970; plays before it are counted apart as `earlier`.
        piece: bytes read at once.
        spark: address of a cluster that does it instead; the result is the same, and a file, but
            what is done before a kill is lost.

    Raises:
        DataFormatError: a line that the layout does not allow, or no line at all.
        ConfigError: the cache cannot be written; what is aggregated by then is kept. No Spark.
    """
    key = cache_key("aggregate", VERSION, {"layout": asdict(layout), "cut": cut}, edges(path))
    parts = cache / f"{key}.parts"

    def write(folder: Path) -> None:
        if spark:
            facts = aggregate_by_spark(path, layout, folder, cut, spark)
            (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
            return
        with disk_errors():
            known = _write_parts(path, layout, parts, cut, piece)
            facts = _merge(parts, len(known), folder)
        total = sum(part.plays for part in known)
        check_total(path, total, facts["plays"], "aggregated")
        facts["lines"] = sum(part.lines for part in known)
        facts["leading_zeros"] = sum(part.leading_zeros for part in known)
        facts["ended"] = known[-1].ended
        (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")

    try:
        folder = cached_folder(cache, key, write)
    except DataFormatError:
        shutil.rmtree(parts, ignore_errors=True)  # of no use: the mended file has another key
        raise
    shutil.rmtree(parts, ignore_errors=True)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    return Aggregate(pairs=folder / "pairs.parquet", **facts)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise what DuckDB says of a full disk, or of a file's size limit, as the system does.

    Raises:
        OSError: a file cannot grow.
    """
    try:
        yield
    except duckdb.Error as error:
        code = next((_NO_ROOM[said] for said in _NO_ROOM if said in str(error)), None)
        if code is None:
            raise
        raise OSError(code, os.strerror(code)) from error


def unended(path: Path, ended: bool = True) -> list[Finding]:
    """Return the note on a file whose last line has no end: if it was cut, so is its last value.

    Args:
        path: of the file.
        ended: whether its last line has an end; of a plain file it is read.
    """
    if path.suffix not in PACKED and path.stat().st_size:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            ended = file.read(1) in b"\r\n"
    if ended:
        return []
    text = (
        f"the last line of {path.name} has no line end; if the file was cut off, so is the last "
        "value in it"
    )
    return [Finding("last_line_without_end", 1, text, "warning")]


def check_total(path: Path, before: int, after: int, step: str) -> None:
    """Make sure that a step lost and invented no play.

    Raises:
        DataFormatError: the totals differ.
    """
    if before != after:
        raise DataFormatError(
            path, f"{before} plays before, {after} after they were {step}", fix="clear the cache"
        )


def time_quantile(
    path: Path, layout: Layout, share: float, piece: int = PIECE, spark: str = ""
) -> int:
    """Return the time before which `share` of the log's plays lie, to the day, in seconds.

    Args:
        path: the log, plain or .gz.
        layout: its columns.
        share: of the plays.
        piece: bytes read at once.
        spark: address of a cluster that counts the days; what the layout does not allow is then
            refused by `aggregate_log` alone.

    Raises:
        DataFormatError: a line that the layout does not allow, or no line at all.
    """
    days = days_by_spark(path, layout, spark) if spark else _days(path, layout, piece)
    if days.num_rows == 0:
        if spark:
            return 0  # no line, or bad ones: the sum says which
        raise DataFormatError(path, "no lines", fix="give the log that has them")
    plays = days["plays"].to_numpy()
    place = int((plays.cumsum() < share * plays.sum()).sum())
    return (int(days["day"][min(place, days.num_rows - 1)].as_py()) + 1) * 86400


def _days(path: Path, layout: Layout, piece: int) -> pa.Table:
    """Return `day` (since 1970, ascending) and `plays`, its lines in a log."""
    days = pa.table({"day": pa.array([], pa.int64()), "plays": pa.array([], pa.int64())})
    with duckdb.connect() as connection:
        for found in read_pieces(path, layout, piece):
            lines = found.table.select([str(layout.time)]).rename_columns(["time"])
            connection.register("lines", lines)
            connection.register("days", days)
            days = connection.sql(
                "SELECT day, sum(plays)::BIGINT AS plays FROM (SELECT day, plays FROM days UNION "
                "ALL SELECT time // 86400, count(*) FROM lines GROUP BY 1) GROUP BY 1 ORDER BY 1"
            ).to_arrow_table()
    return days


def edges(path: Path) -> str:
    """Return a cheap identity of a large file: its size, times of change, first and last MB."""
    stat = file_state(path)
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(_EDGE))
        file.seek(max(stat.st_size - _EDGE, 0))
        digest.update(file.read(_EDGE))
    return f"{stat.st_size}-{stat.st_mtime_ns}-{digest.hexdigest()}"


def _write_parts(
    path: Path, layout: Layout, parts: Path, cut: int | None, size: int
) -> list[_PieceSums]:
    """Write a Parquet file per piece, going on after those that are there; return their facts."""
    parts.mkdir(parents=True, exist_ok=True)
    known = list(_finished(parts))
    start, line = (known[-1].end, known[-1].next_line) if known else (0, 1)
    if known:
        log.info("%s: goes on at line %d", path.name, line)
    began, done = time.monotonic(), 0
    for piece in read_pieces(path, layout, size, start, line):
        known.append(_write_part(parts, len(known), piece, layout, cut))
        done += known[-1].lines
        speed = done / (time.monotonic() - began) / 1e6
        share = min(piece.end / max(path.stat().st_size, 1), 1)
        if path.suffix not in PACKED and share < 1:
            log.info("%s: %.0f %%, %.2f M lines/s", path.name, 100 * share, speed)
    if not known:
        raise DataFormatError(path, "no lines", fix="give the log that has them")
    return known


def _finished(parts: Path) -> Iterator[_PieceSums]:
    """Yield the facts of the finished parts, in order; stop at the first gap or damaged part."""
    number = 0
    while (facts := parts / f"{number:05d}.json").is_file():
        try:
            part = _PieceSums(**json.loads(facts.read_text(encoding="utf-8")))
            plays = read_table(facts.with_suffix(".parquet"), columns=["plays"])["plays"]
            whole = pc.sum(plays).as_py() == part.plays
        except (OSError, ValueError, TypeError, KeyError):
            whole = False
        if not whole:
            log.warning("%s: damaged; it is made anew, with all that follow", facts)
            return
        yield part
        number += 1


def _write_part(
    parts: Path, number: int, piece: Piece, layout: Layout, cut: int | None
) -> _PieceSums:
    """Sum one piece; its facts are renamed into place last and say that the part is whole."""
    target = parts / f"{number:05d}.parquet"
    plays = layout.plays or "1"
    earlier = plays if cut is None else f"CASE WHEN {layout.time} < {cut} THEN {plays} ELSE 0 END"
    with duckdb.connect() as connection:
        connection.register("lines", piece.table)
        connection.sql(
            f"SELECT {layout.user} AS user, {layout.item} AS item, sum({plays})::BIGINT AS plays, "
            f"sum({earlier})::BIGINT AS earlier FROM lines GROUP BY 1, 2"
        ).write_parquet(str(target), compression="zstd")
        total = connection.sql(f"SELECT sum({plays})::BIGINT FROM lines").fetchall()[0][0]
    n_lines = piece.table.num_rows
    place = piece.end, piece.first_line + n_lines, n_lines
    part = _PieceSums(*place, total, piece.leading_zeros, piece.ended)
    partial = parts / f"{number:05d}.json.partial"
    partial.write_text(json.dumps(asdict(part)), encoding="utf-8")
    partial.replace(parts / f"{number:05d}.json")
    return part


def _merge(parts: Path, n_parts: int, folder: Path) -> dict[str, int]:
    """Sum the parts into `folder/pairs.parquet`; return the numbers of plays and pairs."""
    names = [str(parts / f"{number:05d}.parquet") for number in range(n_parts)]
    pa.default_memory_pool().release_unused()  # of the pieces: DuckDB takes its own
    spill = folder / "spill"
    config = {"memory_limit": MEMORY, "temp_directory": str(spill)}
    with duckdb.connect(config=dict(config)) as connection:
        connection.read_parquet(names).aggregate(
            "user, item, sum(plays)::BIGINT AS plays, sum(earlier)::BIGINT AS earlier",
            "user, item",
        ).order("user, item").write_parquet(str(folder / "pairs.parquet"), compression="zstd")
        pairs = connection.read_parquet(str(folder / "pairs.parquet"))
        plays, count = pairs.aggregate("sum(plays)::BIGINT, count(*)").fetchall()[0]
    shutil.rmtree(spill, ignore_errors=True)
    return {"plays": plays, "pairs_count": count}
