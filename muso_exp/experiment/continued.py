"""`rerun: auto`: an unfinished sweep of the same command, data and code goes on in its folder."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from muso_exp.errors import CheckpointError, ConfigError, DataFormatError
from muso_exp.evaluation.finished import Finished, read_whole_run
from muso_exp.experiment import ledger
from muso_exp.experiment.settings import is_below, is_same, recorded_settings
from muso_exp.experiment.sources import code_hash
from muso_exp.experiment.sweep_state import STATE, SweepState, read_state
from muso_exp.experiment.swept import as_given
from muso_exp.training.checkpoint import flatten, read_checkpoint
from muso_exp.training.folders import CHECKPOINTS, LOCK, if_free

log = logging.getLogger("muso_exp")

AUTO = "auto"
_KEPT = (LOCK, ".hydra", "run.log")  # in the folder of a job that begins anew


def sweep_key(config: DictConfig) -> str:
    """Return the hash of all that decides what the jobs of a sweep are, and their order.

    Args:
        config: as Hydra composed it, where the sweep is about to begin.
    """
    tree: Any = OmegaConf.to_container(config, resolve=False)
    inert = [str(place) for place in tree["inert"]]
    tasks, params = as_given(config.hydra)
    given = [one for one in tasks if not is_below(one.lstrip("+~").partition("=")[0], inert)]
    sweeper = {name: str(value) for name, value in tree["hydra"]["sweeper"].items()}
    places = ("hydra", *inert)
    own = {key: value for key, value in flatten(tree).items() if not is_below(key, places)}
    return hashlib.sha256(repr((given, params, sweeper, own)).encode()).hexdigest()[:16]


def unfinished(config: DictConfig, key: str) -> tuple[Path, SweepState] | None:
    """Return the newest unfinished sweep of the same settings and code that no process runs.

    Args:
        config: of the sweep that is about to begin.
        key: its `sweep_key`.
    """
    folder = Path(config.hydra.sweep.dir)
    own_name = folder.name == os.environ.get("MUSO_RUN")  # the user names no folder
    places = sorted(folder.parent.glob("*"), reverse=True) if own_name else [folder]
    for place in places:
        state = _state(place)
        if state is None or state.finished or state.key != key:
            continue
        if state.code != code_hash():
            log.warning(
                "%s: an unfinished sweep of this command, of other code: not gone on", place
            )
            continue
        with if_free(place / LOCK) as free:
            if free:
                return place, state
    return None


def _state(place: Path) -> SweepState | None:
    if not (place / STATE).is_file():
        return None
    try:
        return read_state(place)
    except DataFormatError as error:
        log.warning("not looked at: %s", error)
        return None


def taken_up(folder: Path) -> str:
    """Return what a sweep that goes on finds of itself, in words; its ledger says the same.

    Args:
        folder: of the sweep; no process runs it.
    """
    ledger.end_cut_off(folder, "cut off, with the sweep")
    states = [job.state for job in ledger.read(folder)]
    parts = [
        f"{states.count('done')} jobs are done",
        *([f"{states.count('pruned')} were pruned"] if "pruned" in states else []),
        f"{states.count('killed')} cut off go on from their last checkpoint",
        f"{states.count('failed')} that failed run anew",
    ]
    return f"{folder}: goes on: {', '.join(parts)}; rerun=true starts afresh"


def finished_before(
    cfg: DictConfig, folder: Path, fingerprint: Callable[[DictConfig], str | None]
) -> Finished | None:
    """Return the job of a sweep that goes on if it is finished, with all its files; None if not.

    Args:
        cfg: of the job, settled.
        folder: of the job.
        fingerprint: returns that of the job's data, as they are now.
    """
    if not (folder / "metrics.json").is_file():
        return None
    try:
        run = read_whole_run(folder)
    except ConfigError as error:
        log.warning("%s; the job runs again", error)
        return None
    if not is_same(run.record, recorded_settings(cfg)):
        log.warning("%s: of other settings; the job runs again", folder)
        return None
    if run.record["data"].get("fingerprint") != fingerprint(cfg):
        log.warning("%s: of other data; the job runs again", folder)
        return None
    return run


def checkpoint_before(folder: Path, state: str) -> str | None:
    """Return the resume checkpoint of a job that was cut off; all else it left is removed.

    Args:
        folder: of the job.
        state: of the job in the ledger; one that failed begins anew.
    """
    checkpoint = folder / CHECKPOINTS / "last.ckpt"
    kept: tuple[str, ...] = _KEPT
    if state == "killed" and checkpoint.is_file():
        try:
            read_checkpoint(checkpoint, "meta")
            kept = (*_KEPT, CHECKPOINTS)
        except CheckpointError as error:
            log.warning("%s; the job begins anew", error)
    _remove(path for path in folder.glob("*") if path.name not in kept)
    return str(folder) if CHECKPOINTS in kept else None


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
