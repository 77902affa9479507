"""One job: a run, or one of a sweep; a job that fails costs itself only."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig

from muso_exp.data.base import ExperimentData
from muso_exp.errors import (
    MusoError,
    PartOnlyError,
    PrunedError,
    Stopped,
    SweepRefusedError,
    meant,
)
from muso_exp.evaluation.finished import Finished, find_same
from muso_exp.experiment import ledger
from muso_exp.experiment.build import build, plain
from muso_exp.experiment.complete import set_up
from muso_exp.experiment.continued import AUTO, checkpoint_before, finished_before
from muso_exp.experiment.known_errors import known_error, one_line
from muso_exp.experiment.ledger import Job, State
from muso_exp.experiment.objective import in_search, returned, worst
from muso_exp.experiment.overrides import check
from muso_exp.experiment.remembered import known
from muso_exp.experiment.settings import config_hash, is_same, recorded_settings, settle
from muso_exp.experiment.sweep import (
    VERBOSE,
    done_before,
    in_sweep,
    note_done,
    redact_hydra_files,
)
from muso_exp.experiment.sweep_state import read_state
from muso_exp.experiment.swept import what_differs
from muso_exp.redaction import redact_warnings
from muso_exp.training.folders import (
    CHECKPOINTS,
    LOCK,
    abandon,
    adopt,
    claim,
    if_free,
    is_worker,
)

log = logging.getLogger("muso_exp")


def task(cfg: Any) -> float | tuple[float, ...] | None:
    """Run one job; return what an optimising sweeper gets of it."""
    redact_hydra_files()
    started = time.monotonic()
    try:
        if adopted := _before(cfg):
            return returned(adopted.record)
        _enter(cfg, "running", 0.0)
        record, folder = _attempt(cfg)
    except PrunedError as pruned:
        log.info("%s", pruned)
        _enter(cfg, "pruned", time.monotonic() - started, str(pruned))
        _drop_checkpoints(cfg)
        return worst()
    except PartOnlyError as prepared:
        log.info("%s", prepared)
        _enter(cfg, "done", time.monotonic() - started, str(prepared))
        return worst()
    except Exception as error:
        known = known_error(error)
        if known is None:
            log.exception("%s failed; please report what follows", cfg.name)
        else:
            log.error("%s", one_line(known))  # to the console and run.log; Hydra would add a line
        _refuse_sweep(error)
        _enter(cfg, "failed", time.monotonic() - started, _reason(known or error))
        if in_sweep():
            return worst()
        sys.exit(1 if known is None else known.exit_code)
    except Stopped as stopped:
        _enter(cfg, "killed", time.monotonic() - started, str(stopped))
        if in_sweep():
            stopped.args = (f"{stopped}; the same command goes on",)
        elif (Path(cfg.paths.run) / "checkpoints" / "last.ckpt").exists():
            stopped.args = (f"{stopped}; the same command with ckpt={cfg.paths.run} resumes",)
        raise
    same = "" if folder else "the same settings as an earlier job of this sweep"
    _enter(cfg, "done", time.monotonic() - started, same)
    if folder is not None:
        _show(record, folder)
    return returned(record)


def _before(cfg: Any) -> Finished | None:
    """Return this very job of a sweep that goes on, if it is finished; None if it is to run.

    One that was cut off is then set to resume; what one that failed has left is removed.
    """
    if not in_sweep() or is_worker() or cfg.rerun != AUTO:
        return None
    hydra, folder = HydraConfig.get(), Path(cfg.paths.run)
    rows = {job.job: job for job in ledger.read(Path(hydra.sweep.dir))}
    row = rows.get(hydra.job.num)
    if row is None or Path(hydra.sweep.dir).absolute() not in folder.absolute().parents:
        return None
    settle(cfg)
    if row.state == "running":  # a cluster starts a job again whose machine was lost
        with if_free(folder / LOCK) as free:
            row = replace(row, state="killed") if free else row
    maybe = row.state in ("done", "killed")  # after its last file, before its row was written
    run = finished_before(cfg, folder, fingerprint) if maybe else None
    if run:
        if row.state != "done":
            _enter(cfg, "done", row.seconds)
        log.info("job %s: done before, with the same data and code", row.name)
        note_done(config_hash(cfg), run.record, run.folder)
        return run
    resumed = checkpoint_before(folder, row.state)
    if resumed:
        cfg.ckpt = resumed
        log.info("job %s: goes on from its last checkpoint", row.name)
    return None


def _enter(cfg: Any, state: State, seconds: float, reason: str = "") -> None:
    """Write the job's row of the sweep's ledger."""
    if not in_sweep() or is_worker():
        return
    hydra = HydraConfig.get()
    sweep, folder = Path(hydra.sweep.dir), Path(cfg.paths.run)
    settings = what_differs(hydra.overrides.task, read_state(sweep).swept)
    name = os.path.relpath(folder, sweep) if folder.is_dir() else ""
    ledger.note(sweep, Job(hydra.job.num, state, settings, reason, seconds, name))


def _reason(error: Exception) -> str:
    kind = "" if isinstance(error, MusoError) else f"{type(error).__name__}: "
    return kind + one_line(error)


def _refuse_sweep(error: Exception) -> None:
    """End a sweep of which no job could run, as its first job has found; nothing is left of it."""
    hydra = HydraConfig.get()
    if isinstance(error, SweepRefusedError) and in_sweep() and hydra.job.num == 0:
        ledger.remove(Path(hydra.sweep.dir))
        abandon(hydra.sweep.dir)
        sys.exit(error.exit_code)


def _attempt(cfg: Any) -> tuple[dict[str, Any], Path | None]:
    """Run one job in folders of its own; nothing is left of one that never began."""
    written = Path(HydraConfig.get().runtime.output_dir)
    try:
        if not is_worker():
            claim(written, cfg.ckpt, hydra=True)
            claim(cfg.paths.run, cfg.ckpt)
        check(cfg)
        return _run(cfg)
    except BaseException as ending:
        meaning = ending if is_worker() else meant(ending)
        if meaning is ending:
            raise
        raise meaning from ending
    finally:
        abandon(written, cfg.paths.run)


def _run(cfg: Any) -> tuple[dict[str, Any], Path | None]:
    """Return metrics.json of the job, and its folder; None of one that the sweep has run before."""
    _quiet()
    settle(cfg)
    settings = config_hash(cfg)
    if in_sweep() and (before := done_before(settings)):
        log.info("run %s of this sweep has these settings; not run again", before[1].name)
        return before[0], None
    record, folder = _run_or_find(cfg)
    note_done(settings, record, folder)
    return record, folder


def _run_or_find(cfg: Any) -> tuple[dict[str, Any], Path]:
    from muso_exp.run import run, try_setting

    if cfg.trial is not None:
        tried = try_setting(cfg)
        _drop_checkpoints(cfg)  # the chosen setting is trained anew, on all
        return {"objective": tried}, Path(cfg.paths.run)
    same = earlier(cfg) if cfg.rerun is False else None
    if same and in_search(cfg) and not same.record.get("objective"):
        same = None  # it was no run of a search, and was not validated for one
    if same and in_sweep():
        adopt(same.folder, Path(cfg.paths.run))
        return same.record, Path(cfg.paths.run)
    if same:
        return same.record, same.folder
    log.info("%s: scale %s, seed %s", cfg.name, cfg.scale, cfg.seed)
    return run(cfg).record, Path(cfg.paths.run)


def earlier(cfg: Any) -> Finished | None:
    """Return a finished run of the same settings and data, for `rerun=false`."""
    settle(cfg)
    own = recorded_settings(cfg)
    same = find_same(Path(cfg.paths.outputs) / cfg.name, lambda record: is_same(record, own))
    if same is None or same.record["data"]["fingerprint"] != fingerprint(cfg):
        return None
    return same


def fingerprint(cfg: Any) -> str:
    """Return the fingerprint of a job's data; data of the same settings are set up once.

    Raises:
        MusoError: of their files.
    """
    settings = os.environ.get("MUSO_RUN", ""), repr(plain(cfg.dataset))
    fingerprints = known().fingerprints
    if settings not in fingerprints:
        data = set_up(build(cfg.dataset, pl.LightningDataModule), ExperimentData)
        fingerprints[settings] = data.fingerprint
    return fingerprints[settings]


def _quiet() -> None:
    """Silence what libraries say unasked and no user can act on; no warning shows a secret."""
    redact_warnings()
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    for message in (".*LeafSpec.*", ".*log_every_n_steps.*", ".*across ranks is zero.*"):
        warnings.filterwarnings("ignore", message=message)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")


def _drop_checkpoints(cfg: Any) -> None:
    """Remove the checkpoints of a trial that has ended."""
    shutil.rmtree(Path(cfg.paths.run) / CHECKPOINTS, ignore_errors=True)


def _show(record: dict[str, Any], folder: Path) -> None:
    """Print the paper card; the run folder is the last line. Of a trial its objective."""
    if "metrics" not in record:
        shown = ", ".join(f"{name} {value:.4g}" for name, value in record["objective"].items())
        sys.stdout.write(f"trial {folder.name}: {shown}\n")
        return
    from muso_exp.evaluation.terminal_card import card_tables, short_card
    from muso_exp.terminal import console

    terminal = console()
    terminal.print(card_tables(record) if os.environ.get(VERBOSE) else short_card(record))
    terminal.print(f"report: {folder / 'report.html'}", soft_wrap=True)
    sys.stdout.write(f"{folder}\n")
