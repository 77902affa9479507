"""Worker processes with a time and a memory limit per task: a task that kills one costs no other.

A pool of the standard library waits for ever for a worker that hangs, and breaks as a whole when
one dies.
"""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

START_LIMIT = 120  # seconds that a worker may take to start


@dataclass(frozen=True)
class Limits:
    """What one task may take: seconds, and bytes on top of what the worker itself needs."""

    seconds: float = 120.0
    memory: int = 2**30


@dataclass(frozen=True)
class Failure:
    """Why a task has no result: a code (that of the exception, or timeout, memory, crashed)."""

    code: str
    detail: str


def run_each(
    function: Callable[[Any], Any], tasks: Iterable[Any], n_workers: int, limits: Limits
) -> Iterator[tuple[Any, Any]]:
    """Yield each task with its result, in the order in which they end.

    Args:
        function: one argument, one result, both picklable; found by name in its module. Its
            exceptions become failures.
        tasks: asked for one by one.
        n_workers: processes.
        limits: of each task.

    Yields:
        (task, result), the result a `Failure` where there is none.

    Raises:
        RuntimeError: a worker that does not even start.
    """
    pending = iter(tasks)
    workers: list[_Worker] = []
    try:
        workers += [_Worker(function, limits) for _ in range(n_workers)]
        busy = [worker for worker in workers if worker.take_on(pending)]
        while busy:
            until = min(worker.deadline for worker in busy) - time.monotonic()
            wait([worker.connection for worker in busy], timeout=max(until, 0))
            for worker in busy:
                if worker.has_ended():
                    ended = worker.task, worker.result()
                    worker.take_on(pending)
                    yield ended
            busy = [worker for worker in busy if worker.task is not _IDLE]
    finally:
        for worker in workers:
            worker.stop()


_IDLE = object()


class _Worker:
    """A process of its own interpreter, which needs no guard in the main script."""

    def __init__(self, function: Callable, limits: Limits) -> None:
        self.function, self.limits = function, limits
        self.task: Any = _IDLE
        self.deadline = 0.0
        self.ready = False
        self._start()

    def _start(self) -> None:
        self.connection, theirs = Pipe()
        self.errors = tempfile.TemporaryFile()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve({theirs.fileno()})"],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self.errors,
            stderr=self.errors,
            env=environment,
        )
        theirs.close()
        self.ready = False

    def _wait_until_ready(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            self.connection.send((self.function, self.limits))
            self.ready = self.connection.poll(START_LIMIT) and self.connection.recv() == "ready"
        if not self.ready:
            self.errors.seek(0)
            said = self.errors.read().decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"a worker did not start: {said[-1] if said else 'no answer'}")

    def take_on(self, pending: Iterator[Any]) -> bool:
        """Begin the next task; return whether there was one."""
        self.task = next(pending, _IDLE)
        if self.task is _IDLE:
            return False
        if not self.ready:
            self._wait_until_ready()
        self.deadline = time.monotonic() + self.limits.seconds
        with contextlib.suppress(OSError):  # it has died: seen when its result is asked for
            self.connection.send(self.task)
        return True

    def has_ended(self) -> bool:
        """Return whether the task is done, or its process dead, or its time over."""
        return self.connection.poll() or time.monotonic() >= self.deadline

    def result(self) -> Any:
        """Return the result of the task that has ended; replace a process that died or hangs."""
        if not self.connection.poll():
            self._replace()
            return Failure("timeout", f"took longer than {self.limits.seconds:g} s")
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            how = self.process.wait()
            self._replace()
            reason = f"signal {signal.Signals(-how).name}" if how < 0 else f"exit status {how}"
            return Failure("crashed", f"ended its process: {reason}")

    def _replace(self) -> None:
        self.stop()
        self._start()

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.connection.close()
        self.errors.close()


def serve(descriptor: int) -> None:
    """Do tasks until the other end of a pipe closes: what runs in the worker process."""
    connection = Connection(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    function, limits = connection.recv()
    _limit_memory(limits.memory)
    connection.send("ready")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # notes of C libraries on damaged files: without end, and of no use
    os.dup2(nowhere, 2)
    with contextlib.suppress(EOFError):
        while True:
            task = connection.recv()
            signal.alarm(int(limits.seconds) + 60)  # if the parent is gone, nothing else ends it
            connection.send(_attempt(function, task))
            signal.alarm(0)


def _attempt(function: Callable, task: Any) -> Any:
    try:
        return function(task)
    except MemoryError:
        return Failure("memory", "needs more memory than a task may take")
    except Exception as error:  # no error of a damaged file may end the others
        code = getattr(error, "code", None)
        detail = getattr(error, "detail", None) or f"{type(error).__name__}: {error}"
        return Failure(code if isinstance(code, str) else "crashed", detail)


def _limit_memory(memory: int) -> None:
    """Let this process grow by `memory` bytes at most, where the system reports its size."""
    sizes = Path("/proc/self/statm")
    if sizes.is_file():
        used = int(sizes.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
