"""Aggregate a simulated LFM-1b log: lines per second, peak memory, projection to a billion lines.

    python benchmarks/aggregate_log.py [LINES] [FOLDER]

The log is written from the simulated world and repeated for further users until it is long enough;
the total is checked against what was written. The aggregation runs in a process of its own, whose
peak memory is read from the operating system; then a run that is killed half-way is resumed.
"""

import logging
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from muso_exp.formats.listening.aggregate import aggregate_log
from muso_exp.formats.listening.lfm1b import LFM_EVENTS
from muso_exp.simulation.lfm1b import events
from muso_exp.simulation.world import simulate_world

PUBLISHED_LINES = 1_088_161_692  # listening events of LFM-1b


def write_log(path: Path, n_lines: int) -> None:
    """Write at least n_lines events: one world after another, each with users of its own."""
    names = ["user", "artist", "album", "track", "time"]
    schema = pa.schema([(name, pa.int64()) for name in names])
    written, block = 0, 0
    with csv.CSVWriter(
        path, schema, write_options=csv.WriteOptions(include_header=False, delimiter="\t")
    ) as writer:
        while written < n_lines:
            world = simulate_world(2000, 24000, seed=block)
            for columns in events(world, np.array([], dtype=int), np.random.default_rng(block)):
                columns["user"] = columns["user"] + block * 2000
                writer.write_table(pa.table(columns, schema=schema))
                written += len(columns["user"])
                if written >= n_lines:
                    return
            block += 1


def measure(path: Path, cache: Path) -> None:
    """Aggregate and print; the body of the process that is measured."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    began = time.monotonic()
    found = aggregate_log(path, LFM_EVENTS, cache)
    seconds = time.monotonic() - began
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    speed = found.lines / seconds
    sys.stdout.write(
        f"lines {found.lines}, plays {found.plays}, pairs {found.pairs_count}\n"
        f"seconds {seconds:.1f} (CPU {cpu.ru_utime + cpu.ru_stime:.1f}), "
        f"{speed / 1e6:.2f} M lines/s, peak memory {cpu.ru_maxrss / 2**20:.2f} GiB\n"
        f"projected for {PUBLISHED_LINES} lines: {PUBLISHED_LINES / speed / 60:.0f} minutes\n"
        f"log {path.stat().st_size / 1e9:.2f} GB, "
        f"aggregate {found.pairs.stat().st_size / 1e9:.2f} GB\n"
    )
    if found.plays != found.lines:
        raise SystemExit("the total of plays is not the number of lines")


def main() -> None:
    """Write the log, then aggregate it in a process of its own, whole and killed half-way."""
    n_lines = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "LFM-1b_LEs.txt"
    if not path.is_file():
        write_log(path, n_lines)
    command = [sys.executable, __file__, "--measure", str(path)]
    began = time.monotonic()
    subprocess.run([*command, str(folder / "cache")], check=True)
    whole = time.monotonic() - began
    killed = subprocess.Popen([*command, str(folder / "again")])
    time.sleep(whole / 2)
    killed.kill()
    killed.wait()
    parts = len(list((folder / "again").glob("*.parts/*.json")))
    sys.stdout.write(f"killed after {whole / 2:.0f} s with {parts} parts done; again:\n")
    subprocess.run([*command, str(folder / "again")], check=True)
    for name in ("cache", "again"):
        shutil.rmtree(folder / name)


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[1] == "--measure":
        measure(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
