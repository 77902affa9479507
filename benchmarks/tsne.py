"""Time the t-SNE of the report's map against openTSNE's defaults.

Run `PYTHONPATH=. python benchmarks/tsne.py [table.csv.gz [n_rows]]`: 2,000 rows by default. Both
take turns on one thread. Ours is openTSNE by its defaults and must draw the same map; a second
asking reads it from the cache. The quality is the share of each row's ten nearest that stay among
the ten nearest on the map. Bound: no slower (ratio within the noise of 5 %), and the same map.
"""

import logging
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from openTSNE import TSNE
from sklearn.neighbors import NearestNeighbors
from song_rows import distinct_rows

from muso_exp.tasks.clustering.tsne import cached_array, tsne_map

log = logging.getLogger("benchmark")
NEAR, TURNS = 10, 3


def kept(x: np.ndarray, points: np.ndarray) -> float:
    """Return the share of the nearest rows that stay nearest on the map."""
    true, shown = (
        NearestNeighbors(n_neighbors=NEAR).fit(rows).kneighbors(return_distance=False)
        for rows in (x, points)
    )
    return float((true[:, :, None] == shown[:, None]).any(axis=2).mean())


def main() -> None:
    """Take turns and log seconds, ratio and quality."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("openTSNE").setLevel(logging.WARNING)
    table = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    n_rows = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    raw = distinct_rows(table, n_rows)
    x = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    tsne_map(x[:300])  # warm
    ways = {"ours": tsne_map, "defaults": lambda rows: np.asarray(TSNE(random_state=0).fit(rows))}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    maps: dict[str, np.ndarray] = {}
    for _ in range(TURNS):
        for way, fit in ways.items():
            started = time.perf_counter()
            maps[way] = fit(x)
            seconds[way].append(time.perf_counter() - started)
            log.info("%s: %.1f s, nearest kept %.3f", way, seconds[way][-1], kept(x, maps[way]))
    if not np.array_equal(maps["ours"], maps["defaults"]):
        raise SystemExit("the maps differ: no comparison")
    ours, theirs = (min(times) for times in seconds.values())
    log.info("%d rows: openTSNE's defaults / ours: %.2f times the seconds", n_rows, theirs / ours)
    with tempfile.TemporaryDirectory() as folder:
        cached_array(Path(folder), "tsne", x[:300], tsne_map)
        started = time.perf_counter()
        cached_array(Path(folder), "tsne", x[:300], tsne_map)
        log.info("from the cache: %.4f s", time.perf_counter() - started)


if __name__ == "__main__":
    main()
