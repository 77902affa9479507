"""Which tracks of LFM-1b the Million Song Dataset has, by name, found by Apache Spark."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from muso_exp.features.matching import SEPARATOR
from muso_exp.formats.listening.interactions import renumbered
from muso_exp.formats.listening.logs import Layout
from muso_exp.formats.listening.matched_items import AskedSongs, MatchedItems
from muso_exp.formats.listening.spark_pairs import fetched, sent
from muso_exp.formats.text import CONTROL, UNREADABLE
from muso_exp.spark import escaped, spark_session


def match_by_spark(
    table: tuple[Path, Layout], artists: pd.Series, ids: np.ndarray, order: np.ndarray,
    asked: pd.DataFrame, cache: Path, master: str,
) -> MatchedItems:  # fmt: skip
    """Find asked tracks among items, as `match_items`; the table of tracks is read by Spark.

    Titles become lower case by Python, on Spark's machines: other engines have other letters.

    Args:
        table: file and layout of the items' names: `track`, `title`, `artist`.
        artists: name of each artist, by id.
        ids: of the items, ascending, shape (n_items,).
        order: numbers of the items, those first that are preferred, shape (n_items,).
        asked: tracks to find, `artist` and `title`.
        cache: folder for what goes to Spark and comes back.
        master: see `muso_exp.spark.spark_session`.

    Raises:
        ConfigError: no Spark, see `spark_session`.
    """
    songs = AskedSongs.of(asked)
    rank = renumbered(np.arange(len(ids)), order, len(ids))
    lowered = songs.artists(artists).reindex(artists.index)
    by = {"artist": artists.index.to_numpy(), "named": (artists != "").to_numpy()}
    by["name"] = pa.array(lowered, pa.string(), from_pandas=True)
    keys = {"key": list(songs.groups), "song": np.arange(len(songs.groups))}
    with TemporaryDirectory(dir=cache) as temporary, spark_session(master) as spark:
        from pyspark.sql import functions as F

        folder = Path(temporary)
        items = sent(
            spark, folder / "items.parquet", track=ids, item=np.arange(len(ids)), rank=rank
        )
        known_artists = sent(spark, folder / "artists.parquet", **by)
        rows = _names(spark, *table).join(items, "track").join(known_artists, "artist", "left")
        each = rows.groupBy("item").agg(F.max(F.coalesce("named", F.lit(False))).alias("named"))
        compared = rows.filter(F.col("name").isNotNull() & (F.col("title") != ""))
        key = F.concat("name", F.lit(SEPARATOR), _lower()(F.col("title")))
        pairs = compared.select(key.alias("key"), "rank")
        found = pairs.join(sent(spark, folder / "songs.parquet", **keys), "key")
        best = fetched(found.groupBy("song").agg(F.min("rank").alias("rank")), folder / "best")
        seen = fetched(each, folder / "each")
    known, named = np.zeros((2, len(ids)), dtype=bool)
    known[seen["item"].to_numpy()] = True
    named[seen["item"].to_numpy()] = seen["named"].to_numpy()
    ranks = songs.no_ranks()
    ranks[best["song"].to_numpy()] = best["rank"].to_numpy()
    return MatchedItems(songs.items(ranks, order), known, named)


def _names(spark: Any, path: Path, layout: Layout) -> Any:
    """Return the columns of a table of names; its faulty lines are found by `read_names`."""
    from pyspark.sql import functions as F

    text = spark.read.text(escaped(path))
    cells = F.split(F.regexp_replace("value", "^\ufeff", ""), layout.delimiter, -1)
    text = text.select(cells.alias("cells"))
    columns = (
        F.get("cells", F.lit(place)).try_cast("bigint" if name in layout.numbers else "string")
        for place, name in enumerate(layout.columns)
    )
    return text.select(*(c.alias(n) for c, n in zip(columns, layout.columns, strict=True)))


def _lower() -> Any:
    """Return the function of Spark that lowers titles, as `readable` and `song_key` do."""
    from pyspark.sql import functions as F

    control, unreadable = CONTROL, UNREADABLE  # so that it needs nothing of this package there

    def lower(title: str | None) -> str | None:
        return None if title is None else control.sub(unreadable, title).lower()

    return F.udf(lower, "string", useArrow=False)
