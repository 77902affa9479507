"""THE program: one run, from a configuration to a paper card. Read this file first."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytorch_lightning as pl
from omegaconf import DictConfig

from muso_exp.data.base import ExperimentData
from muso_exp.errors import ConfigError
from muso_exp.evaluation.card import MODEL, check_metric, check_metrics
from muso_exp.evaluation.outcome import Facts, Outcome, conclude, try_metrics
from muso_exp.experiment import objective
from muso_exp.experiment.build import accepted, build, build_model, plain
from muso_exp.experiment.complete import refuse_incomplete, refuse_unable, set_up
from muso_exp.experiment.monitored import check_monitored, check_stopping
from muso_exp.experiment.parts import (
    check_nodes,
    chosen_callbacks,
    cluster,
    read_claims,
    refuse_in_sweep,
    refuse_several,
    trainer_node,
)
from muso_exp.experiment.plugins import plugins
from muso_exp.experiment.prepared import Prepared
from muso_exp.experiment.resume import is_of_other_data, refuse_other_run
from muso_exp.experiment.settings import (
    changed_settings,
    given_keys,
    given_overrides,
    inert_keys,
    other_test,
    recorded_settings,
    settle,
    shown_config,
)
from muso_exp.experiment.sweep import table_beside
from muso_exp.experiment.tracked_run import log_config, log_outcome, register, track
from muso_exp.metrics.base import WeightedMetric
from muso_exp.models.base import Model
from muso_exp.redaction import redact, redacted
from muso_exp.tasks.base import Task
from muso_exp.training.callbacks import LossHistory, RandomState, Recipe, TestPredictions
from muso_exp.training.checkpoint import (
    AtomicCheckpointIO,
    find_checkpoint,
    load_weights,
    read_checkpoint,
    resuming,
)
from muso_exp.training.device import on_device
from muso_exp.training.expected_cost import ExpectedCost
from muso_exp.training.finite import FiniteTraining
from muso_exp.training.folders import abandon, begin, claim, is_worker
from muso_exp.training.manifest import Costs, manifest
from muso_exp.training.step_threads import StepThreads
from muso_exp.training.tracking import MlflowLogger, tracked

log = logging.getLogger(__name__)

DATA_FACTS = ("name", "simulated", "published", "stated", "fingerprint")


def run(cfg: DictConfig) -> Outcome:
    """Run one experiment: prepare data, fit, test, set beside nulls and paper, write it all down.

    Whatever ends the run before training leaves no folder; what ends it later leaves its
    checkpoints, to be resumed.

    Raises:
        MusoError: something the user can mend.
    """
    folder = Path(cfg.paths.run)
    with trained(cfg, folder) as (parts, logger, best):
        data, model, trainer = parts.data, parts.model, parts.trainer
        sought = {}
        if objective.in_search(cfg):
            sought = objective.measure(cfg.objective, trainer, model, data, best)
        with parts.costs.phase("test"):
            trainer.test(model, datamodule=data, ckpt_path=best, verbose=False, weights_only=True)
        if is_worker():
            sys.exit(0)
        with parts.costs.phase("evaluate"), on_device(model, trainer):
            outcome = conclude(
                data.task,
                model,
                parts.tested.columns,
                known_facts(cfg, parts, sought),
                parts.extra,
                parts.history.sections(),
            )
        outcome.record.update(parts.costs.measured())
        outcome.write(folder, shown_config(cfg))
        if logger:
            log_outcome(logger, outcome.record, folder)
            register(cfg, logger, best, data, outcome.record)
            log.info("MLflow (make ui): %s", logger.link())
    return outcome


def try_setting(cfg: DictConfig) -> dict[str, float]:
    """Train a setting that a search tries; return its objective. The test set is not looked at.

    Raises:
        MusoError: something the user can mend; a trial that is pruned.
    """
    with trained(cfg, Path(cfg.paths.run)) as (parts, _, best):
        return objective.measure(cfg.objective, parts.trainer, parts.model, parts.data, best)


@contextmanager
def trained(cfg: DictConfig, folder: Path) -> Iterator[tuple[Prepared, MlflowLogger | None, Path]]:
    """Claim the folder, prepare and train; the tracked run ends with the block.

    Yields:
        What the run is made of, its logger, and the checkpoint that is tested.
    """
    if not is_worker():
        claim(folder, cfg.ckpt)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    try:
        parts = prepare(cfg, folder)
        logger = None if is_worker() else track(cfg, folder, parts.data)
    except BaseException:
        abandon(folder)  # a worker has claimed none
        raise
    if not is_worker():
        begin()
        (folder / "checkpoints").mkdir(exist_ok=True)
    log.info("data ready in %.1f s", parts.costs.seconds["prepare"])
    with tracked(logger):
        log_config(logger, cfg)
        yield parts, logger, fit(cfg, folder, parts, logger)


def prepare(cfg: DictConfig, folder: Path) -> Prepared:
    """Check the configuration, set up the data, and build model and trainer.

    Raises:
        MusoError: something the user can mend; nothing was trained.
    """
    costs = Costs()
    with costs.phase("prepare"):
        parts = _prepare(cfg, folder)
    parts.costs = costs
    return parts


def _prepare(cfg: DictConfig, folder: Path) -> Prepared:
    settle(cfg)
    resume = find_checkpoint(cfg.ckpt) if cfg.ckpt else None
    claims = read_claims(cfg.paper.claims)
    check_nodes(cfg)
    data = set_up(build(cfg.dataset, pl.LightningDataModule), ExperimentData)
    dims = accepted(cfg.model, pl.LightningModule, data.dims)
    model = build_model(cfg, **dims)
    refuse_incomplete(model, Model)
    refuse_unable(model, data.task)
    changed = changed_settings(cfg)
    extra = {str(name): build(node, WeightedMetric) for name, node in cfg.metrics.extra.items()}
    if extra or plugins():
        try_metrics(data.task, extra)
    names = [*metric_names(data.task), *extra]
    if not changed:
        check_metrics(claims, names)
    headline = objective.names("headline", cfg.headline)
    if not changed or "headline" in given_keys():
        for name in headline:
            check_metric("headline", name, names)
    check_stopping(cfg, data, model)
    check_monitored(cfg, data, model)
    if objective.in_search(cfg):
        objective.check_search(cfg.objective, data, model, cfg.trainer.limit_val_batches)
    model.attach_metrics(data.task.metrics())
    settings = redacted(plain(cfg.dataset)), redacted(plain(cfg.model) | dims)
    recipe = Recipe(*settings, cfg.seed, data.fingerprint)
    if resume and "ckpt" in given_keys():
        refuse_in_sweep("ckpt resumes one run; a stopped sweep goes on by the same command")
    elif resume and is_of_other_data(resume, data.fingerprint):
        resume = None  # a job of a sweep that goes on; a user who names a checkpoint means it
    if resume:
        refuse_other_run(resume, recipe.recipe, cfg.trainer.max_epochs, inert_keys(cfg))
        load_weights(resume, read_checkpoint(resume), model)
    history, tested = LossHistory(), TestPredictions()
    node, asked = trainer_node(cfg, model), cfg.trainer.get("precision")
    if node.get("precision") != asked:
        log.warning("trainer.precision=%s is for networks: this model keeps float32", asked)
    trainer = build(
        node,
        pl.Trainer,
        logger=False,  # set later: a run that cannot begin is not tracked
        callbacks=[
            FiniteTraining(),
            *chosen_callbacks(cfg),
            *objective.pruning(cfg),
            history,
            tested,
            recipe,
            RandomState(),
            StepThreads(),
            *([ExpectedCost()] if cfg.scale == "paper" else []),
        ],
        plugins=[AtomicCheckpointIO(), *cluster()],
        use_distributed_sampler=False,  # see muso_exp.data.shares
        default_root_dir=str(folder),
    )
    if trainer.world_size > 1:
        refuse_several(model, trainer.world_size)
        changed.append(f"{trainer.world_size} processes, each with batches of its own")
    return Prepared(data, model, trainer, claims, changed, extra, headline, resume, history, tested)


def fit(cfg: DictConfig, folder: Path, parts: Prepared, logger: MlflowLogger | None) -> Path:
    """Train; return the checkpoint that is tested.

    Raises:
        ConfigError: no epoch ended with a value of `monitor`.
    """
    trainer, resume = parts.trainer, parts.resume
    trainer.logger = logger
    with parts.costs.phase("fit"):
        with resuming(resume, trainer):
            trainer.fit(parts.model, datamodule=parts.data, ckpt_path=resume, weights_only=True)
        last = folder / "checkpoints" / "last.ckpt"
        trainer.save_checkpoint(last, weights_only=False)  # with the optimisers, to resume
    parts.validated = objective.validated(trainer, cfg.monitor)
    best = folder / "checkpoints" / ("best.ckpt" if cfg.monitor else "last.ckpt")
    if not best.is_file():
        raise ConfigError(
            f"no epoch ended with a value of {cfg.monitor}; raise trainer.max_epochs or "
            "max_steps, or set monitor to a metric that validation logs"
        )
    log.info("trained %d epochs in %.1f s", trainer.current_epoch, parts.costs.seconds["fit"])
    return best


def known_facts(cfg: DictConfig, parts: Prepared, sought: Mapping[str, float]) -> Facts:
    """Return what the run knows besides what its model answers.

    Args:
        cfg: configuration.
        parts: of the run.
        sought: validation metrics that a search optimises.
    """
    return Facts(
        document=redact(cfg.paper.document or ""),
        claims=parts.claims,
        data={name: getattr(parts.data, name) for name in DATA_FACTS},
        scale=cfg.scale,
        resamples=cfg.resamples,
        changed=parts.changed,
        run={
            "experiment": cfg.name,
            "document": redact(cfg.paper.document or ""),
            "documents": plain(cfg.paper.documents),
            "variant": cfg.variant,
            "overrides": redacted(given_overrides()),
            "seed": cfg.seed,
            **recorded_settings(cfg),
            "parameters": sum(weight.numel() for weight in parts.model.parameters()),
            "epochs": parts.trainer.current_epoch,
            "headline": parts.headline,
            "table": table_beside(Path(cfg.paths.run)),
            "fold": bool(cfg.table_mean),
            "objective": dict(sought),
            "validation": parts.validated,
            "manifest": redacted(manifest()),
        },
        seconds=parts.costs.seconds,
        other_test=other_test(cfg) if any(claim.of != MODEL for claim in parts.claims) else (),
    )


def metric_names(task: Task) -> list[str]:
    """Return the names of all metrics of a task, those of its further tests included."""
    return [str(name) for rows in (task, *task.extra) for name in rows.metrics()]
