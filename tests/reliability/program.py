"""The program in processes of its own: started, awaited, stopped; and what stands in its store."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from muso_exp.__main__ import main

REPOSITORY = Path(__file__).parent.parent.parent
TASK = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "callbacks.progress=null"]


def start(
    outputs: Path, cache: Path, *args: str, own_group: bool = False, **environment: str
) -> subprocess.Popen:
    """Start `python -m muso_exp`, if asked as the leader of a group; its words go to one pipe."""
    places = {"MUSO_OUTPUTS": str(outputs), "MUSO_CACHE": str(cache), **environment}
    return subprocess.Popen(
        [sys.executable, "-m", "muso_exp", *args],
        cwd=REPOSITORY,
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=own_group,
    )


class Forked:
    """`python -m muso_exp` as a process forked from a server that has imported it all.

    Args:
        outputs: where its runs lie, and a file of its words.
        cache: of the program.
        *args: of the command line.
        function: that it calls, in place of the program's `main`.
        own_group: it leads a group of processes.
        **environment: beside that of the tests.
    """

    def __init__(
        self,
        outputs: Path,
        cache: Path,
        *args: str,
        function: Callable[[], object] = main,
        own_group: bool = False,
        **environment: str,
    ) -> None:
        from warm import called

        outputs.mkdir(parents=True, exist_ok=True)
        self.words = outputs / f"words-{time.time_ns()}"
        places = {"MUSO_OUTPUTS": str(outputs), "MUSO_CACHE": str(cache), **environment}
        given = (function, str(self.words), own_group, places, [*args])
        self.process = forks().Process(target=called, args=given)
        self.process.start()
        self.pid, self.kill, self.terminate = (
            self.process.pid,
            self.process.kill,
            self.process.terminate,
        )

    def poll(self) -> int | None:
        return self.process.exitcode

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        self.process.join(timeout)
        self.returncode = self.process.exitcode
        return self.words.read_text() if self.words.exists() else "", None


def forks() -> ForkServerContext:
    """Return processes that are forked from a server of one thread, which has imported much."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # the server is not told of sys.path
        forkserver.ensure_running()
    return context


def ended(process: subprocess.Popen | Forked, patience: float = 400) -> tuple[int, str]:
    """Return exit status and words of a process, once it has ended."""
    words, _ = process.communicate(timeout=patience)
    return process.returncode, words


def wait_for(
    process: subprocess.Popen | Forked, happened: Callable[[], object], patience: float = 300
) -> bool:
    """Wait until something has happened or the process has ended; return whether it happened."""
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.02)
    return False


def rows(outputs: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(f"{outputs / 'mlflow.db'}", timeout=60)) as connection:
        return connection.execute(query).fetchall()


def statuses(outputs: Path) -> list[str]:
    """Return the status of each tracked run, in the order of their starts."""
    if not (outputs / "mlflow.db").exists():
        return []
    return [status for (status,) in rows(outputs, "select status from runs order by start_time")]


def is_whole(outputs: Path) -> bool:
    """Return whether the store is absent or sound, with nothing half made beside it."""
    if list(outputs.glob("*half-made*")):
        return False
    if not (outputs / "mlflow.db").exists():
        return True
    tables = {name for (name,) in rows(outputs, "select name from sqlite_master")}
    checked = rows(outputs, "pragma quick_check") == [("ok",)]
    return checked and not any(name.startswith("_alembic_tmp_") for name in tables)


def left_of_group(group: int, patience: float = 60) -> list[int]:
    """Return the processes of a group that still run after a while, zombies aside."""
    deadline = time.monotonic() + patience
    while (living := _living(group)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return living


def _living(group: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, own = stat.read_text().rpartition(")")[2].split()[:3]
            if state != "Z" and int(own) == group:
                found.append(int(stat.parent.name))
    return found
