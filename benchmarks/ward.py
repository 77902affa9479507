"""Time Ward's tree as `hierarchical` builds it against scipy's, and measure the memory of both.

Run `PYTHONPATH=. python benchmarks/ward.py [table.csv.gz [n_rows]]`: 22,359 x 9, the document's
number of tracks with sound, of its table or simulated. Each tree is built in a process of its own,
whose peak memory counts; scipy needs n^2 / 2 distances of 8 bytes (2 GB here). Bounds: 5 times as
fast, the same heights, and no memory that grows with n^2.
"""

import logging
import multiprocessing
import resource
import sys
import time
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import linkage
from song_rows import distinct_rows

from muso_exp.features.clusters import ward

log = logging.getLogger("benchmark")


def build(way: str, x: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Return the seconds, the growth of the peak memory in MB, and the heights of the merges."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    tree = linkage(x, "ward") if way == "scipy" else ward(x)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, (after - before) / 1024, tree[:, 2]


def main() -> None:
    """Build both trees and log the ratios."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    table = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    n_rows = int(sys.argv[2]) if len(sys.argv) > 2 else 22_359
    x = distinct_rows(table, n_rows)[:, :9]
    result = {}
    for way in ("ours", "scipy"):
        with multiprocessing.get_context("fork").Pool(1) as pool:
            result[way] = pool.apply(build, (way, x))
        log.info("%s: %.2f s, peak memory + %.0f MB", way, *result[way][:2])
    (ours, memory, heights), (theirs, their_memory, their_heights) = result["ours"], result["scipy"]
    if not np.allclose(heights, their_heights):
        raise SystemExit("the trees differ: no comparison")
    log.info(
        "%d x %d: the same heights; scipy / ours: %.1f times the seconds, %.0f times the memory",
        *x.shape, theirs / ours, their_memory / max(memory, 1),
    )  # fmt: skip


if __name__ == "__main__":
    main()
