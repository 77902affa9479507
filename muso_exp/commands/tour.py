"""`python -m muso_exp tour`: a question of each document, answered in about a minute."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muso_exp.errors import MusoError
from muso_exp.evaluation.tour_page import Stop
from muso_exp.places import outputs_folder

if TYPE_CHECKING:
    from muso_exp.evaluation.finished import Finished

AT_ONCE = 2  # experiments; each may use its share of the cores
LINES = 3  # of what an experiment said last, where it failed


def tour(
    fresh: Annotated[bool, typer.Option(help="run what has been run before, too")] = False,
) -> None:
    """Ask a question of each document on the simulated world, and show the answers on one page."""
    from muso_exp.evaluation.tour_page import summary, write_tour
    from muso_exp.terminal import console

    folder = outputs_folder() / "tour"
    folder.mkdir(parents=True, exist_ok=True)
    shown = console()
    start = time.monotonic()
    asked = stops()
    answered: dict[Stop, Finished] = {}
    for stop, run in _runs(asked, folder, fresh):
        answered[stop] = run
        shown.print(stop.answer(run.record))
    in_order = {stop: answered[stop] for stop in asked}
    write_tour(folder / "index.html", in_order)
    shown.print(summary(in_order))
    shown.print(f"{time.monotonic() - start:.0f} s; next: +experiment=NAME runs one at full size")
    typer.echo(folder / "index.html")


def stops() -> list[Stop]:
    """Return the questions of conf/tour.yaml."""
    import yaml

    from muso_exp.experiment.listing import conf_folder

    text = (conf_folder() / "tour.yaml").read_text(encoding="utf-8")
    return [
        Stop(found["document"], found["question"], tuple(found["arguments"]))
        for found in yaml.safe_load(text)["stops"]
    ]


def _runs(stops: Sequence[Stop], folder: Path, fresh: bool) -> Iterator[tuple[Stop, Finished]]:
    """Run the experiments, `AT_ONCE` beside each other; yield each as soon as it has finished."""
    with _pool() as (pool, running):
        jobs: dict[Future[Finished], Stop] = {}
        for stop in stops:
            jobs[pool.submit(_run, stop, folder, fresh, running)] = stop
        for job in as_completed(jobs):
            yield jobs[job], job.result()


@contextmanager
def _pool() -> Iterator[tuple[ThreadPoolExecutor, list[subprocess.Popen[str]]]]:
    """Yield threads that wait for processes; what still runs at the end is ended."""
    running: list[subprocess.Popen[str]] = []
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield pool, running
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()


def _run(stop: Stop, folder: Path, fresh: bool, running: list[subprocess.Popen[str]]) -> Finished:
    """Run one experiment in a process of its own.

    Raises:
        MusoError: it failed; with the last lines that it said.
    """
    from muso_exp.evaluation.finished import find_runs

    command = [sys.executable, "-m", "muso_exp", *stop.arguments, f"rerun={str(fresh).lower()}"]
    threads = str(max(1, (os.cpu_count() or 1) // AT_ONCE))
    environment = {"OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads} | os.environ
    log = folder / f"{stop.document}.log"
    with log.open("w", encoding="utf-8") as said:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, env=environment, text=True
        )
        running.append(process)
        printed, _ = process.communicate()
    running.remove(process)
    if process.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:]
        raise MusoError(f"{' '.join(stop.arguments)} failed: {' '.join(last)}; see {log}")
    return find_runs([Path(printed.splitlines()[-1])])[0]
