"""A job whose process died: its row in the ledger, and its run in MLflow."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from muso_exp.experiment import ledger
from muso_exp.experiment.ledger import Job
from muso_exp.experiment.sweep import mark_dead_runs
from muso_exp.experiment.sweep_state import read_state
from muso_exp.experiment.swept import what_differs


def in_words(code: int) -> str:
    """Return how a process ended, for the ledger.

    Args:
        code: exit status, or the negative number of a signal.
    """
    if code >= 0:
        return f"its process ended with exit status {code}"
    by = f"its process was ended by {signal.Signals(-code).name}"
    return f"{by} (the system sends it when memory runs out)" if code == -signal.SIGKILL else by


def note_death(config: Any, number: int, overrides: Sequence[str], reason: str) -> bool:
    """Note in the ledger a job that ended without a word of its own.

    Args:
        config: of the sweep.
        number: of the job.
        overrides: of the job.
        reason: how it ended.

    Returns:
        False where the job has refused the whole sweep: it has removed the ledger.
    """
    sweep = Path(config.hydra.sweep.dir)
    rows = {one.job: one for one in ledger.read(sweep)}
    row = rows.get(number)
    if row is None and not rows and "exit status" in reason:
        return False
    if row is None or row.state == "running":
        settings = row.settings if row else what_differs(overrides, read_state(sweep).swept)
        folder = row.folder if row else ""
        folder = folder or (str(number) if (sweep / str(number)).is_dir() else "")
        ledger.note(sweep, Job(number, "killed", settings, reason, 0.0, folder))
        mark_dead_runs()
    return True
