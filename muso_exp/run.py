"""THE program: one run, from a configuration to a paper card. Read this file first."""

from __future__ import annotations

import hashlib
import logging
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger

from muso_exp.build import accepted, build, check, plain
from muso_exp.callbacks import LossHistory, RandomState, Recipe, TestPredictions
from muso_exp.checkpoint import (
    AtomicCheckpointIO,
    find_checkpoint,
    flatten,
    load_weights,
    read_checkpoint,
    refuse_other_run,
    resuming,
)
from muso_exp.comparison import Finished, find_same
from muso_exp.errors import ConfigError
from muso_exp.folders import LOCK, abandon, begin, claim, is_worker, lock_tags
from muso_exp.outcome import Outcome, conclude
from muso_exp.paper import Claim, check_metric, check_metrics
from muso_exp.redaction import redacted
from muso_exp.sweep import in_sweep
from muso_exp.tracking import MlflowLogger, tracked

log = logging.getLogger(__name__)

# Overrides that leave what is tested as it is: which experiment, files, places, machine.
UNTOUCHING = (
    *("experiment", "scale", "seed", "variant", "ckpt", "rerun", "resamples", "objective", "name"),
    *("dataset.root", "dataset.source", "dataset.cache", "dataset.download", "dataset.num_workers"),
    *("trainer.accelerator", "trainer.devices", "trainer.num_nodes", "trainer.benchmark"),
    *("trainer.enable_progress_bar", "trainer.profiler", "trainer.log_every_n_steps"),
    *("trainer.detect_anomaly", "checkpoint_every", "callbacks.progress"),
    *("paths", "logger", "hydra", "table_metrics", "table_mean"),
)

# Parts of the configuration that are no parameters of a run.
UNLOGGED = ("paper", "sizes", "worlds", "callbacks", "variants", "models")


def run(cfg: DictConfig) -> Outcome:
    """Run one experiment: prepare data, fit, test, set beside nulls and paper, write it all down.

    Raises:
        MusoError: something the user can mend.

    Whatever ends the run before training leaves no folder; what ends it later leaves its
    checkpoints, to be resumed.
    """
    started = time.monotonic()
    folder = Path(cfg.paths.run)
    if not is_worker():
        claim(folder, cfg.ckpt)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    try:
        resume = find_checkpoint(cfg.ckpt) if cfg.ckpt else None
        claims = [Claim(**claim) for claim in plain(cfg.paper.claims)]
        check_nodes(cfg)
        data = build(cfg.dataset, pl.LightningDataModule)
        data.prepare_data()
        data.setup("fit")
        dims = accepted(cfg.model, pl.LightningModule, data.dims)
        model = build(cfg.model, pl.LightningModule, **dims)
        changed = changed_settings(cfg)
        metrics = [*data.metrics(), *data.side_metrics()]
        if not changed:
            check_metrics(claims, metrics)
        if cfg.objective and (not changed or "objective" in given_keys()):
            check_metric("objective", cfg.objective, metrics)
        model.attach_metrics(data.metrics())
        history, tested = LossHistory(), TestPredictions()
        recipe = Recipe(redacted(plain(cfg.dataset)), redacted(plain(cfg.model) | dims), cfg.seed)
        if resume:
            refuse_in_sweep("ckpt resumes one run; a stopped sweep goes on with rerun=false")
            refuse_other_run(resume, recipe.recipe, cfg.trainer.max_epochs)
            load_weights(resume, read_checkpoint(resume), model)
        trainer = build(
            cfg.trainer,
            pl.Trainer,
            logger=False,  # set below: a run that cannot begin is not tracked
            callbacks=[*chosen_callbacks(cfg), history, tested, recipe, RandomState()],
            plugins=[AtomicCheckpointIO()],
            default_root_dir=str(folder),
        )
        if trainer.world_size > 1:
            refuse_in_sweep(
                f"a run of a table or sweep trains on one device, not on {trainer.world_size}; "
                "drop trainer=ddp, or train one row alone (hydra.mode=RUN variant=NAME)"
            )
        logger = None if is_worker() else build(cfg.logger, Logger, **identity(cfg, folder, data))
    except BaseException:
        abandon(folder)  # a worker has claimed none
        raise
    if not is_worker():
        begin()
        (folder / "checkpoints").mkdir(exist_ok=True)
    prepared = time.monotonic()
    log.info("data ready in %.1f s", prepared - started)

    with tracked(logger):
        log_config(logger, cfg)
        trainer.logger = logger
        with resuming(resume, trainer):
            trainer.fit(model, datamodule=data, ckpt_path=resume, weights_only=True)
        last = folder / "checkpoints" / "last.ckpt"
        trainer.save_checkpoint(last, weights_only=False)  # with the optimisers, to resume
        fitted = time.monotonic()
        best = folder / "checkpoints" / ("best.ckpt" if cfg.monitor else "last.ckpt")
        if not best.is_file():
            raise ConfigError(
                f"no epoch ended with a value of {cfg.monitor}; raise trainer.max_epochs or "
                "max_steps, or set monitor to a metric that validation logs"
            )
        log.info("trained %d epochs in %.1f s", trainer.current_epoch, fitted - prepared)
        trainer.test(model, datamodule=data, ckpt_path=best, verbose=False, weights_only=True)
        if is_worker():
            sys.exit(0)
        outcome = conclude(
            data,
            model,
            tested.columns,
            claims,
            cfg.paper.document,
            cfg.scale,
            cfg.resamples,
            changed,
        )
        outcome.record.update(
            experiment=cfg.name,
            variant=cfg.variant,
            overrides=redacted(given_overrides()),
            seed=cfg.seed,
            config=config_hash(cfg),
            parameters=sum(weight.numel() for weight in model.parameters()),
            epochs=trainer.current_epoch,
            seconds={
                "prepare": prepared - started,
                "fit": fitted - prepared,
                "evaluate": time.monotonic() - fitted,
            },
        )
        outcome.add_history(history.points)
        outcome.write(folder, shown_config(cfg))
        if logger:
            logger.log_outcome(outcome.tracked_values(), folder)
    return outcome


def earlier(cfg: DictConfig) -> Finished | None:
    """Return a finished run of the very same configuration and data, for `rerun=false`."""
    same = find_same(Path(cfg.paths.outputs) / cfg.name, config_hash(cfg))
    if same is None:
        return None
    data = build(cfg.dataset, pl.LightningDataModule)
    data.prepare_data()
    data.setup("fit")
    return same if same.record["data"]["fingerprint"] == data.fingerprint else None


def adopt(same: Finished, folder: Path) -> None:
    """Give the folder of a sweep's run what an earlier run left, so that the table has its row."""
    own = shutil.ignore_patterns("checkpoints", ".hydra", "run.log", LOCK)
    shutil.copytree(same.folder, folder, ignore=own, dirs_exist_ok=True)


def refuse_in_sweep(problem: str) -> None:
    """Raise ConfigError if this run is one of a sweep or table."""
    if in_sweep():
        raise ConfigError(problem)


def check_nodes(cfg: DictConfig) -> None:
    """Raise ConfigError for a part of the configuration that cannot be built, before any is."""
    check(cfg.dataset, pl.LightningDataModule)
    check(cfg.model, pl.LightningModule)
    check(cfg.trainer, pl.Trainer)
    for node in filter(None, cfg.callbacks.values()):
        check(node, pl.Callback)
    if cfg.logger:
        check(cfg.logger, Logger)


def identity(cfg: DictConfig, folder: Path, data: Any) -> dict[str, Any]:
    """Return the name and tags by which the tracker shows a run; nothing where it is off."""
    if not cfg.logger:
        return {}
    job = folder.name if not folder.name.isdigit() else f"{folder.parent.name}/{folder.name}"
    tags = {
        "dataset": data.name,
        "simulated": str(data.simulated).lower(),
        "fingerprint": data.fingerprint,
        "scale": cfg.scale,
        "folder": job,
        **lock_tags(folder),
    }
    return {"run_name": cfg.variant or job, "tags": tags}


def changed_settings(cfg: DictConfig) -> list[str]:
    """Return what the command line changed of the experiment, other than places and machines.

    A claim is put to the test by the experiment as it stands, and in a table by its row of the
    published settings (`paper.variant`) alone.
    """
    changed = [
        key for key in given_keys() if not any(f"{key}.".startswith(f"{u}.") for u in UNTOUCHING)
    ]
    own = cfg.paper.get("variant")
    return changed if own in (None, cfg.variant) else [*changed, f"variant {cfg.variant}"]


def given_keys() -> list[str]:
    """Return the keys that the command line set."""
    return [override.lstrip("+~").partition("=")[0] for override in given_overrides()]


def given_overrides() -> list[str]:
    """Return what the command line set, those of a sweep's run included."""
    return list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []


def log_config(logger: MlflowLogger | None, cfg: DictConfig) -> None:
    """Log the configuration once: flat parameters, and the whole YAML as an artifact."""
    if logger:
        tree = {key: value for key, value in plain(cfg).items() if key not in UNLOGGED}
        flat = flatten(redacted(tree))
        logger.log_config(flat, shown_config(cfg))


def shown_config(cfg: DictConfig) -> str:
    """Return the whole configuration as YAML, resolved, without the secrets in it."""
    return yaml.safe_dump(redacted(plain(cfg)), sort_keys=False, allow_unicode=True)


def chosen_callbacks(cfg: DictConfig) -> list[pl.Callback]:
    """Build the callbacks; without a validation metric there is no best checkpoint to keep.

    The progress bar goes with `trainer.enable_progress_bar=false`: Lightning refuses one without
    the other.
    """
    nodes = {name: node for name, node in cfg.callbacks.items() if node}
    if not cfg.trainer.get("enable_progress_bar", True):
        nodes.pop("progress", None)
    if not cfg.monitor:
        nodes.pop("best", None)
    return [build(node, pl.Callback) for node in nodes.values()]


def config_hash(cfg: DictConfig) -> str:
    """Return the hash of what decides the result: everything but places and bookkeeping."""
    tree = plain(cfg)
    for key in ("paths", "callbacks", "logger", "rerun", "ckpt"):
        tree.pop(key)
    tree["dataset"].pop("cache", None)
    return hashlib.sha256(repr(tree).encode()).hexdigest()[:16]
