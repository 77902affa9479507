"""A log -> one row per user and item by Apache Spark: as `aggregate`, on many machines."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.logs import MOST_PLAYS, Layout
from muso_exp.spark import escaped, spark_session

_WHOLE, _ZERO = "^[0-9]{1,18}$", "^0[0-9]+$"
_REPLACED = "\ufffd"  # what Spark reads of bytes that are no UTF-8
_ROWS = 2**20  # that are copied at once


def aggregate_by_spark(
    path: Path, layout: Layout, folder: Path, cut: int | None, master: str
) -> dict[str, int]:
    """Sum the plays of each user and item of a log into `folder/pairs.parquet`.

    Args:
        path: the log, plain, .gz or .bz2.
        layout: its columns.
        folder: where to write.
        cut: time in seconds since 1970; plays before it are counted apart as `earlier`.
        master: see `muso_exp.spark.spark_session`.

    Returns:
        `lines`, `plays`, `pairs_count`, `leading_zeros`, as of
        `muso_exp.formats.listening.aggregate.Aggregate`.

    Raises:
        DataFormatError: a line that the layout does not allow, or no line at all.
        ConfigError: no Spark, see `spark_session`.
    """
    parts = folder / "spark"
    with spark_session(master) as spark:
        from pyspark.sql import functions as F

        lines = _lines(spark, path, layout)
        sums = _sums(lines, layout, cut)
        sums.write.parquet(f"file:{parts.absolute()}/sums", compression="zstd")
        sums = spark.read.parquet(escaped(parts / "sums"))
        names = ("lines", "bad", "zeros", "plays")
        found = sums.agg(*(F.sum(name).alias(name) for name in names)).first().asDict()
        if not found["lines"]:
            raise DataFormatError(path, "no lines", fix="give the log that has them")
        if found["bad"]:
            first = lines.filter(~_good(lines, layout)).select("value").first()
            need = f"{found['bad']} lines are not as the format says; one of them"
            raise DataFormatError(path, need, value=first["value"], fix="mend or remove them")
        pairs = sums.select("user", "item", "plays", "earlier").orderBy("user", "item")
        pairs.write.parquet(f"file:{parts.absolute()}/pairs", compression="zstd")
    count = _joined(parts / "pairs", folder / "pairs.parquet")
    shutil.rmtree(parts)
    return {
        "lines": int(found["lines"]),
        "plays": int(found["plays"]),
        "pairs_count": count,
        "leading_zeros": int(found["zeros"]),
    }


def days_by_spark(path: Path, layout: Layout, master: str) -> pa.Table:
    """Return `day` (since 1970, ascending) and `plays`, its lines in a log.

    Args:
        path: the log, plain, .gz or .bz2.
        layout: its columns.
        master: see `muso_exp.spark.spark_session`.

    Raises:
        ConfigError: no Spark, see `spark_session`.
    """
    with spark_session(master) as spark:
        from pyspark.sql import functions as F

        lines = _lines(spark, path, layout).select(_number(layout, str(layout.time)).alias("time"))
        days = lines.filter("time >= 0").groupBy(F.expr("time div 86400").alias("day"))
        return days.agg(F.count("*").alias("plays")).orderBy("day").toArrow()


def _lines(spark: Any, path: Path, layout: Layout) -> Any:
    """Return the lines of a log, `value` and its `cells`, without header and byte order mark."""
    from pyspark.sql import functions as F

    text = spark.read.text(escaped(path))
    text = text.select(F.regexp_replace("value", "^\ufeff", "").alias("value"))
    if layout.header:
        text = text.filter(F.col("value") != layout.delimiter.join(layout.columns))
    pattern = "\\t" if layout.delimiter == "\t" else f"[{layout.delimiter}]"
    return text.withColumn("cells", F.split("value", pattern, -1))


def _good(lines: Any, layout: Layout) -> Any:
    """Return whether a line is as the layout says."""
    from pyspark.sql import functions as F

    good = (F.size("cells") == len(layout.columns)) & ~F.col("value").contains(_REPLACED)
    for name in layout.numbers:
        good &= _cell(layout, name).rlike(_WHOLE)
    for name in layout.texts:
        good &= _cell(layout, name) != ""
    if layout.plays:
        good &= _number(layout, layout.plays).between(1, MOST_PLAYS)
    return F.coalesce(good, F.lit(False))


def _sums(lines: Any, layout: Layout, cut: int | None) -> Any:
    """Return a row per user and item, and one for all bad lines, which have neither."""
    from pyspark.sql import functions as F

    good = _good(lines, layout)
    plays = _number(layout, layout.plays) if layout.plays else F.lit(1)
    before = F.lit(True)
    if cut is not None:
        before = _number(layout, str(layout.time)) < cut
    zeros = sum((_cell(layout, name).rlike(_ZERO).cast("int") for name in layout.numbers), F.lit(0))
    typed = lines.select(
        *(_key(layout, name, good).alias(role) for role, name in _roles(layout)),
        F.when(good, plays).otherwise(0).cast("bigint").alias("plays"),
        F.when(good & before, plays).otherwise(0).cast("bigint").alias("earlier"),
        F.when(good, zeros).otherwise(0).alias("zeros"),
        (~good).cast("int").alias("bad"),
    )
    return typed.groupBy("user", "item").agg(
        F.count("*").alias("lines"),
        *(F.sum(name).alias(name) for name in ("plays", "earlier", "zeros", "bad")),
    )


def _roles(layout: Layout) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("user", layout.user), ("item", layout.item)


def _key(layout: Layout, name: str, good: Any) -> Any:
    """Return the id in a column, a number where the layout has one; none of a bad line."""
    from pyspark.sql import functions as F

    value = _number(layout, name) if name in layout.numbers else _cell(layout, name)
    return F.when(good, value)


def _cell(layout: Layout, name: str) -> Any:
    from pyspark.sql import functions as F

    return F.get("cells", F.lit(layout.columns.index(name)))


def _number(layout: Layout, name: str) -> Any:
    return _cell(layout, name).try_cast("bigint")


def _joined(parts: Path, target: Path) -> int:
    """Copy the files of a sorted table, in their order, into one; return its rows."""
    files = sorted(parts.glob("part-*.parquet"))
    schema = pa.schema(
        [field.with_nullable(True) for field in parquet.read_schema(files[0])]
    ).remove_metadata()
    count = 0
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for file in files:
            for batch in parquet.ParquetFile(file).iter_batches(_ROWS):
                writer.write_batch(batch.cast(schema))
                count += batch.num_rows
    return count
