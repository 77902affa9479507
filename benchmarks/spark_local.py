"""Sum, filter and split the same log by DuckDB and by Spark in local mode: equal, seconds of each.

    python benchmarks/spark_local.py [LINES] [FOLDER] [--master local[2]]

The log is that of `benchmarks/aggregate_log.py`. Of its pairs the 20,000 most played items are
kept, then users with 20 items and items with 20 users, and by `dataset.split.draw=hash` .2 of each
user's items are for the test, .1 of the others for validation. Spark's seconds include the start of
its session.
The two solvers of factors are compared by the program itself:

    python -m muso_exp +experiment=wmf model=als_wr dataset.source=hetrec dataset.root=FOLDER
    python -m muso_exp +experiment=wmf model=wmf_spark dataset.source=hetrec dataset.root=FOLDER
"""

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from aggregate_log import write_log
from scipy.sparse import csr_matrix

from muso_exp.data.recommendation.splits import PlaysSplit, plan_parts, split_plays
from muso_exp.formats.listening.aggregate import Aggregate, aggregate_log
from muso_exp.formats.listening.engines import load_log
from muso_exp.formats.listening.interactions import Interactions, keep_dense
from muso_exp.formats.listening.lfm1b import LFM_EVENTS
from muso_exp.formats.listening.msd import ReadOptions, SourceOptions
from muso_exp.formats.listening.spark_pairs import filter_stored
from muso_exp.spark import LOCAL
from muso_exp.tasks.recommendation.split_plays import Split

TOP_ITEMS, LEAST = 20_000, (20, 20)
SPLIT = PlaysSplit(by="holdout", test_share=0.2, val_share=0.1, list=None, draw="hash")
ENGINES = "duckdb", "spark"


def differing(first: Aggregate, second: Aggregate) -> int:
    """Return how many pairs are in one of the two only."""
    names = [str(found.pairs) for found in (first, second)]
    with duckdb.connect() as connection:
        count = 0
        for one, other in (names, names[::-1]):
            left = connection.read_parquet(one).except_(connection.read_parquet(other))
            count += left.count("*").fetchall()[0][0]
    return count


def filtered(log: Aggregate, folder: Path, engine: str, master: str) -> tuple[Interactions, Split]:
    """Return the plays that are left, and their parts."""
    reading = SourceOptions(engine=engine, spark_master=master)
    options = ReadOptions(folder, reading=reading, filtered=True)
    loaded = load_log({"events": log}, options, TOP_ITEMS, events=True)
    items = pd.DataFrame({"id": loaded.items, "artist": "", "title": ""})
    users = np.arange(len(loaded.users))
    data, parts = Interactions(loaded.plays["events"], users, items, stored=loaded.stored), None
    if data.stored is None:
        data.fingerprint()
        data = keep_dense(data, *LEAST)
    else:
        plan = partial(plan_parts, options=SPLIT, seed=0, listed=None)
        left = filter_stored(data, data.stored, LEAST, lambda d, timed: plan(d, timed=timed))
        data, parts = left.data, left.parts
    return data, split_plays(data, SPLIT, 0, parts=parts)


def cells(split: Split) -> csr_matrix:
    """Return plays by their part, (n_users, n_items): in thousands of millions, and their count."""
    parts = (split.train, split.val, split.test)
    scaled = [part.astype(np.int64) + 10**12 * (part > 0) * n for n, part in enumerate(parts)]
    return scaled[0] + scaled[1] + scaled[2]


def main() -> None:
    """Write the log, sum, filter and split it twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lines", nargs="?", type=int, default=10_000_000)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--master", default=LOCAL)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "LFM-1b_LEs.txt"
    if not path.is_file():
        write_log(path, given.lines)
    logs, splits, seconds = [], [], []
    for name in ENGINES:
        began = time.monotonic()
        master = given.master if name == "spark" else ""
        logs.append(aggregate_log(path, LFM_EVENTS, folder / name, spark=master))
        summed = time.monotonic()
        splits.append(filtered(logs[-1], folder / name, name, given.master))
        seconds.append((summed - began, time.monotonic() - summed))
        log, (data, split) = logs[-1], splits[-1]
        sizes = ", ".join(f"{part.nnz}" for part in (split.train, split.val, split.test))
        sys.stdout.write(
            f"{name}: {log.lines} lines, {log.plays} plays, {log.pairs_count} pairs, "
            f"{seconds[-1][0]:.1f} s; {data.plays.shape[0]} users, {data.plays.shape[1]} items, "
            f"{data.plays.nnz} pairs left ({sizes}), {seconds[-1][1]:.1f} s\n"
        )
    different = differing(*logs)
    parts = (cells(splits[0][1]) != cells(splits[1][1])).nnz
    ratios = (f"{spark / duck:.2f}" for duck, spark in zip(*seconds, strict=True))
    sys.stdout.write(
        f"spark/duckdb {', '.join(ratios)}; {different} pairs differ, {parts} that are left or "
        "their parts\n"
    )
    if different or parts:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
