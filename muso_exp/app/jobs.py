"""The one experiment that the application may run: a process of its own, as typed in a shell."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from muso_exp.errors import ConfigError

KEPT = 60  # last lines of its output
WAIT = 20.0  # seconds that a stopped one has to write what resumes it


@dataclass
class StartedRun:
    """An experiment that runs or has ended.

    Attributes:
        command: what it was started with, after `python -m muso_exp`.
        process: of it.
        lines: the last lines of its output.
    """

    command: tuple[str, ...]
    process: subprocess.Popen[str]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def status(self) -> str:
        """Return how it stands, in words."""
        code = self.process.poll()
        if code is None:
            return "running"
        if code == 0:
            return "finished"
        signum = -code if code < 0 else code - 128  # below 0: not by our handler
        return f"stopped (signal {signum})" if signum > 0 else f"failed (status {code})"

    @property
    def folder(self) -> str:
        """Return the folder of the run or table, the last line of one that finished, else ""."""
        return self.lines[-1] if self.status == "finished" and self.lines else ""


class Jobs:
    """Starts experiments, one at a time, for all pages together.

    Args:
        outputs: folder of runs.
    """

    def __init__(self, outputs: Path) -> None:
        self.outputs = outputs
        self.last: StartedRun | None = None
        self._lock = threading.Lock()

    def start(self, command: Sequence[str]) -> StartedRun:
        """Start an experiment.

        Raises:
            ConfigError: another one is running.
        """
        with self._lock:
            if self.last is not None and self.last.status == "running":
                raise ConfigError("an experiment is running: one at a time; stop it, or wait")
            process = subprocess.Popen(
                [sys.executable, "-m", "muso_exp", *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="backslashreplace",
                env={**os.environ, "MUSO_OUTPUTS": str(self.outputs), "PYTHONUNBUFFERED": "1"},
            )
            self.last = StartedRun(tuple(command), process)
        threading.Thread(target=_read, args=(self.last,), daemon=True).start()
        return self.last

    def stop(self) -> None:
        """Stop the experiment that runs, if one does; it ends as KILLED and can be resumed."""
        job = self.last
        if job is None or job.status != "running":
            return
        job.process.terminate()
        try:
            job.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            job.process.kill()


def _read(job: StartedRun) -> None:
    for line in job.process.stdout or ():
        for part in line.replace("\r", "\n").split("\n"):
            if part.strip():
                job.lines.append(part.rstrip())
    job.process.wait()
