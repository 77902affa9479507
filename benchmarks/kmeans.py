"""Time k-means as `kmeans` solves it against scikit-learn as a user calls it, at equal inertia.

Run `PYTHONPATH=. python benchmarks/kmeans.py [table.csv.gz]`: the document's table (10 features,
the first 40,000 distinct rows) or, without it, as many simulated ones; unscaled and standardised.
Both draw the same 10 random starts and take turns on one thread; a time is the median, of the
processor and not of the clock. scikit-learn gets the float64 rows that a user has, and at last
float32 ones too. Bound: ours at least twice as fast in every setting, inertia equal to 1e-4.
"""

import logging
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import set_num_threads
from sklearn.cluster import KMeans
from song_rows import distinct_rows
from threadpoolctl import threadpool_limits

from muso_exp.features.clusters import kmeans

TURNS, STARTS, KS = 7, 10, (2, 6, 13, 29)
log = logging.getLogger("benchmark")


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a call takes, and its result."""
    started = time.process_time()
    result = call()
    return time.process_time() - started, result


def compare(name: str, x: np.ndarray, k: int) -> float:
    """Log the ratio of the medians; return it.

    Raises:
        SystemExit: the inertias differ.
    """
    rounds = []
    for _ in range(TURNS):
        theirs, fitted = timed(
            lambda: KMeans(k, init="random", n_init=STARTS, random_state=1).fit(x)
        )
        ours, found = timed(lambda: kmeans(x, k, "random", STARTS, seed=1))
        rounds.append((theirs, ours))
        if abs(found.inertia / fitted.inertia_ - 1) > 1e-4:
            raise SystemExit(f"inertia {found.inertia} and {fitted.inertia_}: no comparison")
    theirs, ours = (statistics.median(times) for times in zip(*rounds, strict=True))
    log.info(
        "%-22s k %2d: scikit-learn %.3f s, ours %.3f s, ratio %.2f, inertia / theirs - 1 %+.1e",
        name, k, theirs, ours, theirs / ours, found.inertia / fitted.inertia_ - 1,
    )  # fmt: skip
    return theirs / ours


def main() -> None:
    """Take turns in each setting and log the ratios."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    raw = distinct_rows(Path(sys.argv[1]) if len(sys.argv) > 1 else None, 40_000)
    standard = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    kmeans(raw[:200], 3)  # compiles
    set_num_threads(1)
    with threadpool_limits(1):
        for k in KS:
            compare("unscaled, float64", raw, k)
            compare("standardised, float64", standard, k)
        compare("unscaled, float32", raw.astype(np.float32), 13)


if __name__ == "__main__":
    main()
