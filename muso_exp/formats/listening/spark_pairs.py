"""A log's pairs on Apache Spark: their sums, the dense core of them, and what each play is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from muso_exp.features.keyed_draw import FACTORS, GAMMA, SHIFTS, item_keys, user_keys
from muso_exp.formats.listening.interactions import Interactions, refuse_nothing_left
from muso_exp.formats.listening.load import refuse_too_many
from muso_exp.formats.listening.stored_pairs import (
    BROUGHT,
    TEST,
    TRAIN,
    VAL,
    NumberedPairs,
    PartPlan,
    StoredPairs,
)
from muso_exp.spark import escaped, spark_session


@dataclass(frozen=True)
class FilteredPairs:
    """Plays that a cluster filtered, loaded.

    Attributes:
        data: the users and items that are left.
        parts: what each stored play is for, shape (n_plays,), int8; None: not assigned.
        fingerprint: of what was read, before the filter.
    """

    data: Interactions
    parts: np.ndarray | None
    fingerprint: str


@dataclass(frozen=True)
class LogTotals:
    """What a log has.

    Attributes:
        items: ids, ascending, shape (n_items,).
        plays: of each item, shape (n_items,).
        users: ids, ascending, shape (n_users,); none where they were not asked for.
    """

    items: np.ndarray
    plays: np.ndarray
    users: np.ndarray = field(default_factory=lambda: np.zeros(0))


def log_totals(pairs: Path, master: str) -> LogTotals:
    """Return the users and the items of a log, and the plays of each item.

    Args:
        pairs: Parquet, see `StoredPairs`.
        master: see `muso_exp.spark.spark_session`.

    Raises:
        ConfigError: no Spark, see `spark_session`.
    """
    with TemporaryDirectory(dir=pairs.parent.parent) as temporary, spark_session(master) as spark:
        from pyspark.sql import functions as F

        folder, rows = Path(temporary), spark.read.parquet(escaped(pairs))
        users = rows.select("user").distinct().orderBy("user")
        items = rows.groupBy("item").agg(F.sum("plays").alias("plays")).orderBy("item")
        found, who = fetched(items, folder / "items"), fetched(users, folder / "users")
    return LogTotals(*(part.to_numpy() for part in (found["item"], found["plays"], who["user"])))


def filter_stored(
    read: Interactions,
    stored: StoredPairs,
    least: tuple[int, int],
    plan: Callable[[Interactions, bool], PartPlan | None],
) -> FilteredPairs:
    """Keep users with enough items and items with enough users, and load what is left.

    Args:
        read: the items to keep, with no more of their plays than the sums.
        stored: where the plays are.
        least: different items that a user needs, and different users that an item needs; see
            `muso_exp.features.interactions.dense_core`.
        plan: the users and items that are left, and whether there are plays before a cut -> how
            plays are assigned to parts; None: they are not.

    Raises:
        ConfigError: nothing is left, or more than fits into memory; no Spark.
    """
    shape = read.plays.shape
    refuse_nothing_left(stored.users, np.arange(shape[1]), shape, least)
    place = TemporaryDirectory(dir=stored.pairs.parent.parent)
    with place as temporary, spark_session(stored.master) as spark:
        folder = Path(temporary)
        pairs = _numbered(spark, read, stored, folder)
        timed = ("earlier",) if stored.timed else ()
        every = NumberedPairs(folder / "read", shape)
        fingerprint = read.fingerprint(chain(*(every.numbers(c) for c in ("plays", *timed))))
        pairs = _dense_core(pairs, *least)
        users, items = (
            np.arange(n) if few == 0 else _distinct(pairs, side, folder)
            for side, n, few in zip(("user", "item"), shape, least, strict=True)
        )
        refuse_nothing_left(users, items, shape, least)
        kept = read.select(users, items)
        chosen = plan(kept, stored.timed)
        _write_left(spark, pairs, (users, items), kept, chosen, folder)
        left = NumberedPairs(folder / "left", kept.plays.shape)
        refuse_too_many(len(left) * (1 + stored.timed), kept.plays.shape[1])
        data = replace(
            kept,
            plays=left.matrix("plays", stored.dtype),
            earlier=left.matrix("earlier", stored.dtype) if stored.timed else None,
            stored=None,
        )
        return FilteredPairs(data, None if chosen is None else left.parts(), fingerprint)


def fetched(rows: Any, folder: Path) -> pa.Table:
    """Return rows of Spark, in their order, by way of a folder, new, that it writes."""
    rows.write.parquet(f"file:{folder.absolute()}")
    return pa.concat_tables(map(parquet.read_table, sorted(folder.glob("part-*.parquet"))))


def sent(spark: Any, path: Path, **columns: Any) -> Any:
    """Return a table of this machine as rows of Spark, by way of a file."""
    parquet.write_table(pa.table(columns), path)
    return spark.read.parquet(escaped(path))


def _distinct(pairs: Any, side: str, folder: Path) -> np.ndarray:
    """Return the users or the items of pairs, ascending, shape (n,)."""
    rows = pairs.select(side).distinct().orderBy(side)
    return fetched(rows, folder / side)[side].to_numpy()


def _numbered(spark: Any, read: Interactions, stored: StoredPairs, folder: Path) -> Any:
    """Return the pairs of the items, users and items by their numbers, written in this order."""
    from pyspark.sql import functions as F

    ids = np.asarray(read.items["id"])
    users, items = (
        sent(spark, folder / f"{side}s.parquet", **{side: known, f"{side}_number": _numbers(known)})
        for side, known in (("user", stored.users), ("item", ids))
    )
    rows = spark.read.parquet(escaped(stored.pairs)).join(users, "user").join(items, "item")
    rows = rows.select(
        *(F.col(f"{side}_number").alias(side) for side in ("user", "item")), "plays", "earlier"
    )
    rows.orderBy("user", "item").write.parquet(f"file:{(folder / 'read').absolute()}")
    return spark.read.parquet(escaped(folder / "read"))


def _numbers(ids: np.ndarray) -> np.ndarray:
    return np.arange(len(ids), dtype=np.int32)


def _dense_core(pairs: Any, min_items: int, min_users: int) -> Any:
    """Return the pairs of the dense core; what earlier rounds came from is forgotten."""
    from pyspark.sql import functions as F

    size = pairs.count()
    while max(min_items, min_users) > 1:
        for side, least in (("user", min_items), ("item", min_users)):
            if least > 1:
                counts = pairs.groupBy(side).agg(F.count("*").alias("n"))
                pairs = pairs.join(counts.filter(F.col("n") >= least), side, "left_semi")
        pairs, before = pairs.localCheckpoint(), size
        size = pairs.count()
        if size == before:
            break
    return pairs


def _write_left(
    spark: Any,
    pairs: Any,
    old: tuple[np.ndarray, np.ndarray],
    kept: Interactions,
    plan: PartPlan | None,
    folder: Path,
) -> None:
    """Write the pairs that are left by their new numbers, with their parts, to `folder/left`."""
    from pyspark.sql import functions as F

    users, items = ({"row": _numbers(old[0])}, {"column": _numbers(old[1])})
    if plan is not None:
        users["test_key"], users["val_key"] = (
            user_keys(kept.users, seed) for _, seed in (plan.test, plan.val)
        )
        users["of_user"] = np.zeros(len(old[0])) if plan.users is None else plan.users
        items["item_key"] = item_keys(kept.items["id"])
        items["cold"] = np.zeros(len(old[1]), bool) if plan.items is None else plan.items
    pairs = pairs.join(sent(spark, folder / "rows.parquet", user=old[0], **users), "user")
    pairs = pairs.join(sent(spark, folder / "columns.parquet", item=old[1], **items), "item")
    part = F.lit(TRAIN)
    if plan is not None:
        pairs, part = _assigned(pairs, plan)
    rows = pairs.select(
        F.col("row").alias("user"), F.col("column").alias("item"), "plays", "earlier",
        part.cast("tinyint").alias("part"),
    )  # fmt: skip
    rows.orderBy("user", "item").write.parquet(f"file:{(folder / 'left').absolute()}")


def _assigned(pairs: Any, plan: PartPlan) -> tuple[Any, Any]:
    """Return the pairs and the column of their parts, see `PartPlan`."""
    from pyspark.sql import functions as F

    if plan.items is not None:
        pairs = pairs.withColumn("held", F.col("cold"))
    elif plan.temporal:
        pairs = pairs.withColumn("held", F.col("earlier") == 0)
    else:
        pairs = _drawn(pairs, "held", "test_key", ["row"], plan.test[0])
    held = F.col("held")
    if plan.users is not None:
        of_user = F.col("of_user")
        return pairs, F.when(of_user == TRAIN, TRAIN).when(held, of_user).otherwise(BROUGHT)
    pairs = _drawn(pairs, "chosen", "val_key", ["row", "held"], plan.val[0])
    return pairs, F.when(held, TEST).when(F.col("chosen"), VAL).otherwise(TRAIN)


def _drawn(pairs: Any, name: str, key: str, within: list[str], share: float) -> Any:
    """Return the pairs with the column `name`: whether each is drawn, as by `draw_by_key`."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    if share == 0:
        return pairs.withColumn(name, F.lit(False))
    own = Window.partitionBy(*within)
    size = F.count("*").over(own)
    wanted = F.least(F.greatest(F.rint(size * share), F.lit(1)), size - 1)  # `drawn_counts`
    pairs = pairs.withColumn("key", _mixed(F.col(key).bitwiseXOR(F.col("item_key"))))
    return pairs.withColumn(name, F.row_number().over(own.orderBy("key", "column")) <= wanted)


def _mixed(value: Any) -> Any:
    """Return whole numbers mixed as by `muso_exp.features.keyed_draw.mix`; products wrap."""
    from pyspark.sql import functions as F

    factors = [F.lit(int(factor.view(np.int64))) for factor in FACTORS]
    value = value + F.lit(int(GAMMA.view(np.int64)))
    for shift, factor in zip(SHIFTS, factors, strict=False):
        value = value.bitwiseXOR(F.shiftrightunsigned(value, int(shift))) * factor
    return value.bitwiseXOR(F.shiftrightunsigned(value, int(SHIFTS[-1])))
