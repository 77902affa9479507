"""A job of Hydra's: the run that it asks for, or an equal one; what becomes of one that fails."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from muso_exp.errors import DivergedError, MusoError
from muso_exp.experiment.known_errors import one_line

log = logging.getLogger("muso_exp")


def goes_on(cfg: Any, error: Exception) -> bool:
    """Note a run of a sweep that failed; the others go on.

    Of a sweep whose first run fails, nothing is left, unless that one diverged: others may not.
    """
    from hydra.core.hydra_config import HydraConfig

    from muso_exp.experiment.sweep import in_sweep, note_failure
    from muso_exp.training.folders import abandon

    hydra = HydraConfig.get()
    if not in_sweep():
        return False
    if hydra.job.num == 0 and not isinstance(error, DivergedError):
        abandon(hydra.sweep.dir)
        return False
    kind = "" if isinstance(error, MusoError) else f"{type(error).__name__}: "
    note_failure(Path(cfg.paths.run), hydra.job.override_dirname, kind + one_line(error))
    return True


def run_or_find(cfg: Any) -> tuple[dict[str, Any], Path | None]:
    """Return metrics.json of the job, and its folder; None of one that the sweep has run before."""
    _quiet()
    from muso_exp.experiment.settings import config_hash, settle
    from muso_exp.experiment.sweep import done_before, in_sweep, note_done

    settle(cfg)
    settings = config_hash(cfg)
    if in_sweep() and (before := done_before(settings)):
        log.info("run %s of this sweep has these settings; not run again", before[1].name)
        return before[0], None
    record, folder = _run_or_find(cfg)
    note_done(settings, record, folder)
    return record, folder


def _run_or_find(cfg: Any) -> tuple[dict[str, Any], Path]:
    from muso_exp.experiment.objective import in_search
    from muso_exp.experiment.sweep import in_sweep
    from muso_exp.run import earlier, run
    from muso_exp.training.folders import adopt

    same = None if cfg.rerun else earlier(cfg)
    if same and in_search() and not same.record.get("objective"):
        same = None  # it was no run of a search, and was not validated for one
    if same and in_sweep():
        adopt(same.folder, Path(cfg.paths.run))
        return same.record, Path(cfg.paths.run)
    if same:
        return same.record, same.folder
    log.info("%s: scale %s, seed %s", cfg.name, cfg.scale, cfg.seed)
    return run(cfg).record, Path(cfg.paths.run)


def _quiet() -> None:
    """Silence what libraries say unasked and no user can act on."""
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    for message in (".*LeafSpec.*", ".*log_every_n_steps.*", ".*across ranks is zero.*"):
        warnings.filterwarnings("ignore", message=message)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")


def show(record: dict[str, Any], folder: Path) -> None:
    """Print the paper card; the run folder is the last line."""
    from muso_exp.evaluation.terminal_card import card_tables, short_card
    from muso_exp.experiment.sweep import VERBOSE
    from muso_exp.terminal import console

    terminal = console()
    terminal.print(card_tables(record) if os.environ.get(VERBOSE) else short_card(record))
    terminal.print(f"report: {folder / 'report.html'}", soft_wrap=True)
    sys.stdout.write(f"{folder}\n")
