"""The parts of a run besides data and model: all checked, and those that follow from others."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import msgspec
import pytorch_lightning as pl
from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger
from pytorch_lightning.plugins.environments import SLURMEnvironment

from muso_exp.errors import ConfigError, SweepRefusedError
from muso_exp.evaluation.card import Claim
from muso_exp.experiment.build import (
    build,
    check,
    model_named,
    node_class,
    place_of_model,
    plain,
)
from muso_exp.experiment.part_options import refuse_unread
from muso_exp.experiment.settings import given_keys
from muso_exp.experiment.sweep import in_sweep
from muso_exp.metrics.base import WeightedMetric
from muso_exp.models.base import Model, Solver
from muso_exp.redaction import redacted


def refuse_in_sweep(problem: str) -> None:
    """Raise SweepRefusedError if this run is one of a sweep or table."""
    if in_sweep():
        raise SweepRefusedError(problem)


def refuse_several(model: Model, n_processes: int) -> None:
    """Raise ConfigError if a run cannot train on several processes: a sweep's, or a solver's."""
    refuse_in_sweep(
        f"a run of a table or sweep trains on one device, not on {n_processes}; "
        "drop trainer=ddp, or train one row alone (hydra.mode=RUN variant=NAME)"
    )
    if isinstance(model, Solver):
        raise ConfigError(
            f"{type(model).__name__} is solved by one process, not by {n_processes}; "
            "drop trainer=ddp"
        )


def check_nodes(cfg: DictConfig) -> None:
    """Raise ConfigError for a part of the configuration that cannot be built, before any is."""
    check(cfg.dataset, pl.LightningDataModule)
    with model_named(cfg):
        model = check(cfg.model, pl.LightningModule)
    refuse_unread(model, node_class(model, pl.LightningModule), place_of_model(cfg), given_keys())
    check(cfg.trainer, pl.Trainer)
    for node in filter(None, cfg.callbacks.values()):
        check(node, pl.Callback)
    for node in cfg.metrics.extra.values():
        check(node, WeightedMetric)
    if cfg.logger:
        check(cfg.logger, Logger)


def read_claims(claims: Any) -> list[Claim]:
    """Return what a paper claims, from the configuration, without secrets.

    Raises:
        ConfigError: no list of claims; one with a field that there is not, without one that is
            needed, or with a value of another type.
    """
    given, known = redacted(plain(claims)), [one.name for one in fields(Claim)]
    for number, claim in enumerate(given if isinstance(given, list) else []):
        unknown = [str(key) for key in claim if key not in known] if type(claim) is dict else []
        if unknown:
            raise ConfigError(
                f"paper.claims.{number} has no field {', '.join(unknown)}; there are "
                f"{', '.join(known)}"
            )
    try:
        return msgspec.convert(given, list[Claim])
    except msgspec.ValidationError as error:
        raise ConfigError(f"paper.claims: {error}; a claim has {', '.join(known)}") from error


def trainer_node(cfg: DictConfig, model: Model) -> dict[str, Any]:
    """Return the trainer's arguments; a model that is solved in one step trains for one epoch.

    Unless the command line names a trainer or a number of epochs itself. A solver or recommender is
    computed in float32, its solves at precisions of their own: mixed precision is for networks.
    """
    node = plain(cfg.trainer)
    named = {"trainer", "trainer.max_epochs"} & set(given_keys())
    if isinstance(model, Solver) and model.one_step and not named:
        node["max_epochs"] = 1
    if model.full_precision:
        node["precision"] = "32-true"
    return node


def cluster() -> list[SLURMEnvironment]:
    """Return the environment of SLURM, where this process is a job of it.

    Lightning would requeue the job itself, beside submitit, which does so (cluster_launcher).
    """
    return [SLURMEnvironment(auto_requeue=False)] if SLURMEnvironment.detect() else []


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
