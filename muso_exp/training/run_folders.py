"""Run folders as a user names them: one run is wanted, and a table or an experiment has several."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from muso_exp.errors import CheckpointError

_LISTED = 12  # runs that a message names


def new_name(args: Iterable[str]) -> str:
    """Return `<time>-<short hash>`, the name of a new run; no two processes get the same one.

    Args:
        args: the command line.
    """
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    unique = f"{list(args)} {os.getpid()} {time.time_ns()}"
    return f"{stamp}-{hashlib.sha256(unique.encode()).hexdigest()[:6]}"


def require_one_run(given: str, folder: Path) -> None:
    """Raise CheckpointError if a folder holds several runs, and name them.

    Args:
        given: what the user typed.
        folder: the same as a path.
    """
    if runs := runs_in(folder):
        raise CheckpointError(f"{given}: a folder of several runs; add the name of one: {runs}")


def runs_in(folder: Path) -> str:
    """Return which runs are in a folder of several, as the end of a message.

    Args:
        folder: of a table, a sweep or an experiment; any other place.

    Returns:
        `0 (raw), 1 (mel)`: the folders below it, in order, each with its variant; "" if none.
    """
    if (folder / "checkpoints").is_dir():
        return ""
    found = [path.parent for path in folder.glob("*/checkpoints")]
    found += [path.parent for path in folder.glob("*/*/checkpoints")]
    runs = [run for run in sorted(found, key=_in_order) if (run / "checkpoints").is_dir()]
    named = [f"{run.relative_to(folder)}{_variant(run)}" for run in runs[:_LISTED]]
    more = [f"and {len(runs) - _LISTED} more"] if len(runs) > _LISTED else []
    return ", ".join(named + more)


def _in_order(run: Path) -> tuple[str, int, str]:
    number = int(run.name) if run.name.isdecimal() else -1
    return str(run.parent), number, run.name


def _variant(run: Path) -> str:
    """Return the variant of a finished run in brackets; that of an unfinished one is not known."""
    try:
        variant = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["variant"]
    except (OSError, ValueError, KeyError, TypeError):
        return " (not finished)"
    return "" if variant is None else f" ({variant})"
