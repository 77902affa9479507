"""The ledger of a sweep, `jobs.csv`: a row per job, complete while the sweep runs."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock

from muso_exp.csv_cells import unguarded, write_rows
from muso_exp.errors import DataFormatError
from muso_exp.redaction import redact
from muso_exp.text import visible

JOBS = "jobs.csv"
STUDY_FILE = "study.db"  # of a search, unless hydra.sweeper.storage names another
State = Literal["running", "done", "pruned", "failed", "killed"]
STATES: tuple[str, ...] = get_args(State)
FAILURES = ("failed", "killed")
_PATIENCE = 60.0  # seconds; another job of the sweep writes its row in a few milliseconds


@dataclass(frozen=True)
class Job:
    """A row of the ledger.

    Attributes:
        job: number in the sweep, from 0.
        state: running, done, pruned (a trial of a search), failed (an error of its own) or killed
            (from outside).
        settings: what sets it apart from the other jobs, `seed=1 model.lr=0.1`.
        reason: why it failed, or was not run, in one line.
        seconds: that it took, of wall time; those before a kill are not counted.
        folder: of the run, below the sweep's.
    """

    job: int
    state: State
    settings: str
    reason: str = ""
    seconds: float = 0.0
    folder: str = ""

    @property
    def name(self) -> str:
        """Return how messages name the job: its number, and what sets it apart."""
        return f"{self.job} ({self.settings})" if self.settings else str(self.job)


HEADER = tuple(field.name for field in fields(Job))


def note(sweep: Path, job: Job) -> None:
    """Write the row of a job; it takes the place of an earlier one of that job.

    Args:
        sweep: folder of the sweep; jobs of other processes may write at the same time.
        job: its texts are redacted here.
    """
    sweep.mkdir(parents=True, exist_ok=True)
    settings, reason = (visible(redact(text)) for text in (job.settings, job.reason))
    shown = replace(job, settings=settings, reason=reason)
    with FileLock(sweep / f".{JOBS}.lock", timeout=_PATIENCE):
        rows = {one.job: one for one in read(sweep)} | {job.job: shown}
        _write(sweep, (rows[number] for number in sorted(rows)))


def read(sweep: Path) -> list[Job]:
    """Return the jobs of a sweep that have begun, by number; none where there is no ledger.

    Raises:
        DataFormatError: a file that is no ledger.
    """
    path = sweep / JOBS
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = list(csv.reader(file)) or [[]]
    if tuple(header) != HEADER:
        raise DataFormatError(path, f"not the jobs of a sweep: no columns {', '.join(HEADER)}")
    return [_job(path, line, number) for number, line in enumerate(lines, start=2)]


def failures(jobs: Iterable[Job]) -> list[Job]:
    """Return the jobs that failed or were killed."""
    return [job for job in jobs if job.state in FAILURES]


def end_cut_off(sweep: Path, reason: str) -> list[Job]:
    """Mark killed the jobs that say running though their process is gone; return them.

    Args:
        sweep: folder of a sweep whose jobs have all ended, one way or another.
        reason: in one line.
    """
    cut_off = [job for job in read(sweep) if job.state == "running"]
    for job in cut_off:
        note(sweep, replace(job, state="killed", reason=reason))
    return cut_off


def remove(sweep: Path) -> None:
    """Remove the ledger of a sweep that is refused as a whole, and the study of a search."""
    for name in (JOBS, f".{JOBS}.lock", STUDY_FILE):
        (sweep / name).unlink(missing_ok=True)


def in_words(jobs: Sequence[Job]) -> str:
    """Return how many jobs failed, and of the first of them why."""
    bad = failures(jobs)
    first = f"{bad[0].name}: {bad[0].state}: {bad[0].reason}"
    return f"{len(bad)} of {len(jobs)} jobs failed, the first is {first}"


def _job(path: Path, line: Sequence[str], number: int) -> Job:
    cells = dict(zip(HEADER, map(unguarded, line), strict=False))
    if len(line) != len(HEADER) or cells["state"] not in STATES:
        raise DataFormatError(path, "not a job of a sweep", line=number, value=",".join(line))
    try:
        job, seconds = int(cells["job"]), float(cells["seconds"])
    except ValueError as error:
        raise DataFormatError(path, str(error), line=number) from error
    return Job(job, cells["state"], cells["settings"], cells["reason"], seconds, cells["folder"])  # type: ignore[arg-type]


def _write(sweep: Path, jobs: Iterable[Job]) -> None:
    """Write all rows beside the ledger, and put them in its place: no reader sees half of it."""
    partial = sweep / f".{JOBS}.{os.getpid()}.partial"
    cells = ({**asdict(job), "seconds": f"{job.seconds:.1f}"} for job in jobs)
    write_rows(partial, HEADER, (row.values() for row in cells))
    partial.replace(sweep / JOBS)
