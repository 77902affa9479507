"""Time the preparation of pair data: 2,000 users, all shortest paths, vectors and one epoch.

Run `python benchmarks/prepare_pairs.py [HETREC_FOLDER]`; the bound for preparation is 5 s.
"""

import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hydra import compose, initialize_config_dir

from muso_exp.data.hetrec import HetRec
from muso_exp.experiment.build import build
from muso_exp.features.graph import bfs_distances
from muso_exp.formats.hetrec import WANTED, read_hetrec
from muso_exp.formats.text import find_files

CONF = Path(__file__).parents[1] / "conf"
log = logging.getLogger("benchmark")


def configured(root: str | None, cache: str) -> HetRec:
    """Return the data set of conf/dataset/hetrec.yaml."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        paths = [f"paths.cache={cache}", "paths.run=none", "name=none"]
        cfg = compose("config", ["dataset=hetrec", "dataset.world.users=2000", *paths])
    cfg.dataset.root = root
    return build(cfg.dataset, HetRec)


def timed(what: str, work: Callable[[], object]) -> None:
    """Log how long `work` takes, in seconds."""
    start = time.perf_counter()
    work()
    log.info("%-44s %6.2f s", what, time.perf_counter() - start)


def main(root: str | None) -> None:
    """Time each step on the files in `root`, or on the simulated world."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with tempfile.TemporaryDirectory() as cache:
        data = configured(root, cache)
        timed("files found, or simulated and written", data.prepare_data)
        files = find_files(data._folder(), WANTED, "")
        tables = read_hetrec(files, data.tags_encoding)
        timed("five files read and checked", lambda: read_hetrec(files, data.tags_encoding))
        timed("all shortest paths", lambda: bfs_distances(tables.friends))
        timed("preparation, all of it (bound: 5 s)", data.setup)
        timed("one epoch of batches", lambda: [None for _ in data.train_dataloader()])
        log.info("%s", data.task.counts())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
