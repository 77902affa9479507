"""Experiments on music taste; start at muso_exp/run.py. From Python: `load_run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from muso_exp.loaded import LoadedRun

__all__ = ["load_run"]


def load_run(place: str | Path) -> LoadedRun:
    """Return a finished run, for notebooks and programs; nothing that it holds is executed.

    Args:
        place: a run folder, or the id of an MLflow run.

    Raises:
        MusoError: no finished run there, several, or a damaged one.
    """
    from muso_exp.loaded import open_run

    return open_run(place)
