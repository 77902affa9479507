"""Sum the same log by DuckDB and by Spark in local mode: equal pairs, seconds of each.

    python benchmarks/spark_local.py [LINES] [FOLDER] [--master local[2]]

The log is that of `benchmarks/aggregate_log.py`. Spark's seconds include the start of its session.
The two solvers of factors are compared by the program itself:

    python -m muso_exp +experiment=wmf model=als_wr dataset.source=hetrec dataset.root=FOLDER
    python -m muso_exp +experiment=wmf model=wmf_spark dataset.source=hetrec dataset.root=FOLDER
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from aggregate_log import write_log

from muso_exp.formats.listening.aggregate import Aggregate, aggregate_log
from muso_exp.formats.listening.lfm1b import LFM_EVENTS
from muso_exp.spark import LOCAL


def differing(first: Aggregate, second: Aggregate) -> int:
    """Return how many pairs are in one of the two only."""
    names = [str(found.pairs) for found in (first, second)]
    with duckdb.connect() as connection:
        count = 0
        for one, other in (names, names[::-1]):
            left = connection.read_parquet(one).except_(connection.read_parquet(other))
            count += left.count("*").fetchall()[0][0]
    return count


def main() -> None:
    """Write the log, sum it twice, compare."""
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
    found, seconds = [], []
    for name, spark in (("duckdb", ""), ("spark", given.master)):
        began = time.monotonic()
        found.append(aggregate_log(path, LFM_EVENTS, folder / name, spark=spark))
        seconds.append(time.monotonic() - began)
    for name, own, took in zip(("duckdb", "spark"), found, seconds, strict=True):
        sys.stdout.write(
            f"{name}: {own.lines} lines, {own.plays} plays, {own.pairs_count} pairs, {took:.1f} s\n"
        )
    different = differing(*found)
    sys.stdout.write(f"spark/duckdb {seconds[1] / seconds[0]:.2f}; {different} pairs differ\n")
    if different:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
