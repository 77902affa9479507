"""Run `wmf` on a simulated LFM-1b of any size: seconds and peak memory by phase, and a projection.

    PYTHONPATH=. python benchmarks/full_size.py [PAIRS] [FOLDER] [--users N] [--tracks N]
        [--factors N] [--sweeps N] [--eval-users N] [--option KEY=VALUE ...] [--write]

By default 1 million pairs, 120,000 users and 2.3 million tracks, both scaled down with the pairs
below 100 million (a thesis of 519 million pairs is on 120,000 users); 80 factors with a bias,
5 sweeps, 5,000 seeded users in the evaluation. Linux only. The log is written once into FOLDER; the
run is a process of its own, started as a user would, whose memory is read from outside every 10 ms
and booked to the innermost phase it is in. `anonymous` is what no file backs: the rest of the
resident set is mapped files, which the system may drop. Memory grows with pairs and with tracks:
two runs of the same tracks say by how much with the pairs.
"""

import argparse
import functools
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

FULL = {"pairs": 519_000_000, "sweeps": 80, "minutes": 267}  # the thesis: its slower fit
USERS, TRACKS, AT = 120_000, 2_300_000, 100_000_000
PLAYS = 2.1  # events of a pair, as in LFM-1b
START, END = 1_356_998_400, 1_372_636_800
GIB = 2**30
PHASES = (  # module, class or "", function, phase
    ("muso_exp.formats.listening.lfm1b", "", "aggregate_log", "aggregate"),
    ("muso_exp.formats.listening.engines", "", "load_plays", "load"),
    ("muso_exp.formats.listening.lfm1b", "", "read_names", "names"),
    ("muso_exp.formats.listening.interactions", "Interactions", "fingerprint", "fingerprint"),
    ("muso_exp.data.plays", "", "keep_dense", "filter"),
    ("muso_exp.data.plays", "Plays", "hold_out", "split"),
    ("muso_exp.data.plays", "Plays", "_task", "task"),
    ("muso_exp.data.plays", "Plays", "setup", "set up, rest"),
    ("muso_exp.models.wmf", "WMF", "sweep", "sweeps"),
    ("pytorch_lightning", "Trainer", "fit", "fit, rest"),
    ("pytorch_lightning", "Trainer", "test", "predict"),
    ("muso_exp.tasks.recommendation.task", "", "null_columns", "nulls"),
    ("muso_exp.tasks.recommendation.task", "", "same_artist_columns", "nulls"),
    ("muso_exp.evaluation.scores", "", "score", "metrics, intervals"),
    ("muso_exp.tasks.recommendation.task", "Recommendation", "sections", "sections"),
    ("muso_exp.evaluation.outcome", "Outcome", "write", "write"),
    ("muso_exp.run", "", "conclude", "evaluate, rest"),
)
log = logging.getLogger("benchmark")


def write_files(folder: Path, n_users: int, n_tracks: int, n_pairs: int) -> None:
    """Write the log and the names of LFM-1b: tracks by Zipf's law, users log-normal."""
    rng = np.random.default_rng(0)
    activity = rng.lognormal(0, 1, n_users)
    sizes = np.maximum(rng.poisson(1.12 * n_pairs * activity / activity.sum()), 20)
    popularity = np.cumsum(1 / (np.arange(n_tracks) + 20) ** 0.8)
    names = ["user", "artist", "album", "track", "time"]
    schema = pa.schema([(name, pa.int64()) for name in names])
    options = csv.WriteOptions(include_header=False, delimiter="\t")
    blocks = np.array_split(np.arange(n_users), max(int(sizes.sum() // 2_000_000), 1))
    partial = folder / "events.partial"
    with csv.CSVWriter(partial, schema, write_options=options) as writer:
        for block in blocks:
            user = np.repeat(block, sizes[block])
            track = np.searchsorted(popularity, rng.random(len(user)) * popularity[-1])
            cells = np.unique(user * n_tracks + np.minimum(track, n_tracks - 1))
            cells = np.repeat(cells, rng.geometric(1 / PLAYS, len(cells)))
            user, track = cells // n_tracks + 1, cells % n_tracks + 1
            columns = [user, track // 12 + 1, track // 10 + 1, track]
            times = rng.integers(START, END, len(user))
            writer.write_table(pa.table([*columns, times], schema=schema))
    tracks = (f"{n}\tSong number {n}\t{n // 12 + 1}\n" for n in range(1, n_tracks + 1))
    with (folder / "LFM-1b_tracks.txt").open("w", encoding="utf-8") as file:
        file.writelines(tracks)
    with (folder / "LFM-1b_artists.txt").open("w", encoding="utf-8") as file:
        file.writelines(f"{n}\tThe artist {n}\n" for n in range(1, n_tracks // 12 + 2))
    partial.rename(folder / "LFM-1b_LEs.txt")


def note(events: Path, stack: list[str]) -> None:
    """Append the innermost phase from now on."""
    with events.open("a", encoding="utf-8") as file:
        file.write(json.dumps([time.time(), stack[-1]]) + "\n")


def in_phase(function: Callable[..., Any], phase: str, events: Path, stack: list[str]) -> Any:
    """Return the function, which notes when it is entered and left."""

    @functools.wraps(function)
    def noted(*args: Any, **kwargs: Any) -> Any:
        stack.append(phase)
        note(events, stack)
        try:
            return function(*args, **kwargs)
        finally:
            stack.pop()
            note(events, stack)

    return noted


def measured_run(events: Path, arguments: list[str]) -> None:
    """Run the program with its phases noted; the body of the process that is measured."""
    from importlib import import_module

    stack = ["start"]
    for module, owner, name, phase in PHASES:
        holder: Any = import_module(module)
        holder = getattr(holder, owner) if owner else holder
        setattr(holder, name, in_phase(getattr(holder, name), phase, events, stack))
    note(events, stack)
    stack[:] = ["program, rest"]
    from muso_exp.__main__ import main as program

    sys.argv = ["muso_exp", *arguments]
    program()


def memory(pid: int) -> tuple[float, float]:
    """Return the resident set of a process, and its anonymous part, in GiB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    own = int(found.get("RssAnon", 0))
    return (own + int(found.get("RssFile", 0)) + int(found.get("RssShmem", 0))) / 2**20, own / 2**20


def watch(command: list[str]) -> tuple[int, np.ndarray]:
    """Run a command; return its exit status and rows of time, GiB resident, GiB anonymous."""
    samples = []
    process = subprocess.Popen(command)
    while process.poll() is None:
        samples.append((time.time(), *memory(process.pid)))
        time.sleep(0.01)
    return process.returncode, np.array(samples)


def by_phase(events: Path, samples: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """Return seconds, peak GiB resident and peak GiB anonymous of each phase."""
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    starts = np.array([start for start, _ in lines])
    ends = np.append(starts[1:], samples[-1, 0])
    inside = np.searchsorted(starts, samples[:, 0], side="right") - 1
    found: dict[str, tuple[float, float, float]] = {}
    for number, (start, phase) in enumerate(lines):
        own = samples[inside == number, 1:]
        peak = own.max(axis=0) if len(own) else np.zeros(2)
        seconds, resident, anonymous = found.get(phase, (0.0, 0.0, 0.0))
        found[phase] = (
            seconds + ends[number] - start,
            max(resident, float(peak[0])),
            max(anonymous, float(peak[1])),
        )
    return found


def report(found: dict[str, tuple[float, float, float]], pairs: int, sweeps: int) -> None:
    """Log the phases, and what they come to at the size of the thesis."""
    floor = found.pop("start")[2]  # what the imports take
    log.info("%-20s %9s %9s %9s %12s", "phase", "seconds", "GiB", "anonymous", "bytes a pair")
    for phase, (seconds, resident, anonymous) in found.items():
        each = (anonymous - floor) * GIB / pairs
        log.info("%-20s %9.1f %9.2f %9.2f %12.1f", phase, seconds, resident, anonymous, each)
    log.info("whole: %.0f s", sum(seconds for seconds, _, _ in found.values()))
    minutes = found["sweeps"][0] / sweeps * FULL["sweeps"] * FULL["pairs"] / pairs / 60
    log.info(
        "in proportion to the pairs, %d sweeps of %d pairs: %.0f minutes (thesis: %d)",
        FULL["sweeps"],
        FULL["pairs"],
        minutes,
        FULL["minutes"],
    )


def main() -> None:
    """Write the files, run, and log what each phase took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", type=int, nargs="?", default=1_000_000)
    parser.add_argument("folder", type=Path, nargs="?")
    sizes = (("users", 0), ("tracks", 0), ("factors", 80), ("sweeps", 5), ("eval_users", 5000))
    for name, default in sizes:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--write", action="store_true", help="write the files and stop")
    given = parser.parse_args()
    share = min(given.pairs / AT, 1)
    n_users, n_tracks = given.users or int(USERS * share), given.tracks or int(TRACKS * share)
    folder = given.folder or Path(tempfile.mkdtemp())
    files = folder / f"lfm1b-{n_users}-{n_tracks}-{given.pairs}"
    files.mkdir(parents=True, exist_ok=True)
    if not (files / "LFM-1b_LEs.txt").is_file():
        started = time.monotonic()
        write_files(files, n_users, n_tracks, given.pairs)
        size = (files / "LFM-1b_LEs.txt").stat().st_size / 1e9
        log.info("wrote %.1f GB in %.0f s", size, time.monotonic() - started)
    if given.write:
        return
    events = Path(tempfile.mkdtemp()) / "events.jsonl"
    log.info("phases as they come: %s", events)
    options = [
        *("+experiment=wmf", "logger=none", "dataset.source=lfm1b", f"dataset.root={files}"),
        *(f"options.wmf.n_factors={given.factors}", "options.wmf.epsilon=1e-6"),
        *("options.wmf.regularization=1e-5", "options.wmf.bias=true"),
        f"dataset.split.eval_users={given.eval_users}",
        *(f"trainer.max_epochs={given.sweeps}", *given.option),
    ]
    status, samples = watch([sys.executable, __file__, "--run", str(events), *options])
    if status:
        raise SystemExit(status)
    report(by_phase(events, samples), given.pairs, given.sweeps)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if sys.argv[1:2] == ["--run"]:
        measured_run(Path(sys.argv[2]), sys.argv[3:])
    else:
        main()
