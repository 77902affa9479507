"""Run the comparisons with peers and on growing work; write benchmarks/RESULTS.md (`make bench`).

    python benchmarks/run_all.py [--only NAME ...] [--irspack PYTHON]

Each benchmark is a process of its own, one after another; what it prints stands in the page as it
is. For growth the same benchmark runs on 1, 2, 4 and 8 times the work: CPU seconds and peak memory
are those of the whole process, its imports included. PYTHON is an interpreter of an environment
with irspack, whose pins clash with ours; without it that comparison is left out, and said so.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "benchmarks" / "RESULTS.md"
FIGURE = ROOT / "benchmarks" / "growth.png"
LIBRARIES = ("torch", "numpy", "scipy", "numba", "implicit", "scikit-learn", "librosa", "duckdb")
FACTORS = (1, 2, 4, 8)
log = logging.getLogger("benchmark")


@dataclass(frozen=True)
class Comparison:
    """A benchmark beside its peers: its script, what it is of, and its arguments."""

    script: str
    what: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Growth:
    """A benchmark on more and more work: its script, what grows, and the arguments of each size."""

    script: str
    what: str
    sizes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Ran:
    """What came of a process."""

    output: str
    seconds: float
    cpu: float
    gib: float


COMPARISONS = (
    Comparison("als_sweep", "a sweep of WMF, against implicit and irspack"),
    Comparison("als_convergence", "the objective of WMF by CPU seconds, against implicit"),
    Comparison("ranking_metrics", "ranking columns, against scikit-learn and implicit"),
    Comparison("kmeans", "k-means, against scikit-learn"),
    Comparison("ward", "Ward's clusters, against fastcluster and scipy"),
    Comparison("spectra", "spectra of songs, against numpy"),
    Comparison("log_mel", "log-mel spectrograms, against librosa and torchaudio"),
    Comparison("mpd_read", "playlists from JSON, against json, DuckDB and bare msgspec", ("4",)),
    Comparison("friend_scores", "all pair scores of 2,000 users"),
    Comparison("re_ranking", "ranking 18,000 items anew at a slider's move"),
    Comparison("musicnn_embeddings", "MusiCNN on a clip of 30 s"),
)
GROWTHS = (
    Growth(
        "als_sweep",
        "entries of the matrix (750,000 at first)",
        tuple(("30000", "20000", str(750_000 * factor), "64", "2", "1") for factor in FACTORS),
    ),
    Growth(
        "full_size",
        "user and item pairs of a whole run of wmf (250,000 at first)",
        tuple((str(250_000 * factor),) for factor in FACTORS),
    ),
    Growth("mpd_read", "slices of a thousand playlists", tuple((str(f),) for f in FACTORS)),
)


def run(script: str, arguments: tuple[str, ...], folder: Path) -> Ran:
    """Run a benchmark in a process of its own.

    Raises:
        SystemExit: it ended with another status than 0; its last lines are shown.
    """
    command = [sys.executable, "-W", "ignore", f"benchmarks/{script}.py", *arguments]
    started = time.perf_counter()
    with (folder / "output").open("w") as file:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
        child = subprocess.Popen(
            command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, env=environment
        )
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    output = (folder / "output").read_text()
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command[3:])} failed:\n" + output[-2000:])
    cpu = usage.ru_utime + usage.ru_stime
    return Ran(output, seconds, cpu, usage.ru_maxrss / 2**20)


def machine() -> list[str]:
    """Return the rows of the table of the machine and versions."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    facts = {
        "date": datetime.now(UTC).strftime("%d %B %Y"),
        "commit": commit.stdout.strip(),
        "processor": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "Python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "load before the first": f"{os.getloadavg()[0]:.2f}",
    }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())]


def compared(chosen: list[str], irspack: str | None, folder: Path) -> list[str]:
    """Return the lines of the page on the comparisons."""
    lines = ["## Beside peers", ""]
    for one in COMPARISONS:
        if chosen and one.script not in chosen:
            continue
        arguments = one.arguments
        if one.script == "als_sweep" and irspack:
            arguments = ("--irspack", irspack, *arguments)
        if one.script == "als_convergence":
            arguments = (str(ROOT / "benchmarks" / "als_convergence.png"),)
        log.info("%s: %s", one.script, one.what)
        ran = run(one.script, arguments, folder)
        shown = " ".join(one.arguments)
        lines += [f"### {one.script}: {one.what}", ""]
        command = f"benchmarks/{one.script}.py {shown}".strip()
        lines += [f"`{command}`, {ran.seconds:.0f} s"]
        lines += ["", "```", ran.output.strip(), "```", ""]
        if one.script == "als_sweep" and not irspack:
            lines += ["irspack was not at hand: `--irspack PYTHON` adds it.", ""]
        if one.script == "als_convergence":
            lines += ["![objective by CPU seconds](als_convergence.png)", ""]
    return lines


def grown(chosen: list[str], folder: Path) -> list[str]:
    """Return the lines of the page on growth, and draw it."""
    found: dict[str, list[Ran]] = {}
    for one in GROWTHS:
        if chosen and one.script not in chosen:
            continue
        log.info("growth of %s: %s", one.script, one.what)
        found[one.script] = [run(one.script, size, folder) for size in one.sizes]
    if not found:
        return []
    lines = ["## How the cost grows", "", "| benchmark | what grows | work | CPU s | peak GiB |"]
    lines += ["|---|---|---|---|---|"]
    for one in GROWTHS:
        for factor, ran in zip(FACTORS, found.get(one.script, []), strict=False):
            row = f"| {one.script} | {one.what} | {factor} | {ran.cpu:.1f} | {ran.gib:.2f} |"
            lines.append(row)
    draw(found)
    return [*lines, "", "![CPU seconds by work](growth.png)", ""]


def draw(found: dict[str, list[Ran]]) -> None:
    """Draw CPU seconds by work, and what would be twice the seconds for twice the work."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name, runs in found.items():
        axes.plot(FACTORS, [ran.cpu for ran in runs], marker="o", label=name)
        axes.plot(FACTORS, runs[-1].cpu * np.array(FACTORS) / FACTORS[-1], ":", color="grey")
    axes.set(xscale="log", yscale="log", xlabel="work", ylabel="CPU seconds of the process")
    axes.set_title("dotted: in proportion to the work; above it at first stand the imports")
    axes.set_xticks(FACTORS, [str(factor) for factor in FACTORS])
    axes.legend()
    figure.savefig(FIGURE, dpi=150)


def main() -> None:
    """Run what was asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], help="scripts, without .py")
    parser.add_argument("--irspack", help="interpreter of an environment with irspack")
    given = parser.parse_args()
    known = {one.script for one in (*COMPARISONS, *GROWTHS)}
    if unknown := set(given.only) - known:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; {', '.join(sorted(known))}")
    head = ["# Benchmarks", "", "Written by `make bench`; ratios, since machines differ.", ""]
    if given.only:
        head += [f"A part of it: --only {' '.join(given.only)}.", ""]
    lines = [*head, *machine(), ""]
    with tempfile.TemporaryDirectory() as name:
        lines += compared(given.only, given.irspack, Path(name))
        lines += grown(given.only, Path(name))
    PAGE.write_text("\n".join(lines))
    log.info("%s", PAGE.relative_to(ROOT))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
