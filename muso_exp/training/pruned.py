"""What may be removed of the outputs: runs and sweeps of this user that no process uses."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from muso_exp.training.folders import CHECKPOINTS, LOCK, if_free

_DAY = 86400.0


@dataclass(frozen=True)
class Removable:
    """Something that a rule names.

    Attributes:
        path: a folder of a run, of its checkpoints, or an entry of the cache.
        why: the rule, in words.
        n_bytes: that it takes.
    """

    path: Path
    why: str
    n_bytes: int


def find_unfinished(outputs: Path, older_days: float) -> Iterator[Removable]:
    """Yield runs that never finished; of a sweep its unfinished jobs.

    Args:
        outputs: folder of runs.
        older_days: since the last change of any of its files.
    """
    for run in _runs(outputs):
        if not (run / "metrics.json").exists() and _age(run) >= older_days:
            yield _removable(run, "never finished")


def find_checkpoints(outputs: Path, older_days: float) -> Iterator[Removable]:
    """Yield the checkpoints of finished runs: numbers and pages stay, the model goes.

    Args:
        outputs: folder of runs.
        older_days: since the last change of any file of the run.
    """
    for run in _runs(outputs):
        place = run / CHECKPOINTS
        if (run / "metrics.json").exists() and place.is_dir() and _age(run) >= older_days:
            yield _removable(place, "checkpoints of a finished run")


def find_cached(cache: Path, older_days: float) -> Iterator[Removable]:
    """Yield entries of the cache that were not changed for so long; they are made anew at need.

    Args:
        cache: its folder.
        older_days: since the last change of any of its files.
    """
    for path in sorted(cache.glob("*")):
        if path.name.startswith(".") or path.suffix == ".lock" or not _is_own(path):
            continue
        with if_free(path.with_name(f"{path.name}.lock")) as free:
            if free and _age(path) >= older_days:
                yield _removable(path, "cache")


def remove(found: Removable) -> bool:
    """Remove it unless a process has taken it up since; return whether it was removed."""
    run = found.path.parent if found.path.name == CHECKPOINTS else found.path
    with if_free(run / LOCK) as free:
        if not free or not _is_own(found.path):
            return False
        if found.path.is_dir():
            shutil.rmtree(found.path)
        else:
            found.path.unlink()
    return True


def _runs(outputs: Path) -> Iterator[Path]:
    """Yield the run folders of this user below `outputs` that no process uses."""
    for lock in sorted(outputs.glob(f"*/*/{LOCK}")) + sorted(outputs.glob(f"*/*/*/{LOCK}")):
        run = lock.parent
        with if_free(lock) as free:
            if free and (run / "run.log").is_file() and _is_own(run):
                yield run


def _is_own(path: Path) -> bool:
    """Return whether a path is this user's, and no link to somewhere else."""
    return not path.is_symlink() and path.stat().st_uid == os.getuid()


def _files(path: Path) -> list[Path]:
    return [path, *path.rglob("*")] if path.is_dir() else [path]


def _age(path: Path) -> float:
    """Return how many days ago the last of its files was changed."""
    return (time.time() - max(one.lstat().st_mtime for one in _files(path))) / _DAY


def _removable(path: Path, why: str) -> Removable:
    return Removable(path, why, sum(one.lstat().st_size for one in _files(path)))
