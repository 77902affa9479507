"""What the tracker is given of a run: its name and tags, settings, card; of a sweep a summary."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger

from muso_exp.evaluation import tracked as tracked_card
from muso_exp.experiment.build import build
from muso_exp.experiment.objective import is_chosen, names
from muso_exp.experiment.settings import logged_settings, shown_config
from muso_exp.experiment.sweep import short_name
from muso_exp.training.folders import lock_tags
from muso_exp.training.tracking import MlflowLogger

log = logging.getLogger(__name__)


def track(cfg: DictConfig, folder: Path, data: Any) -> MlflowLogger | None:
    """Start the tracked run, by the name and tags by which the tracker shows it; None where off."""
    job = folder.name if not folder.name.isdigit() else f"{folder.parent.name}/{folder.name}"
    tags = {
        "dataset": data.name,
        "simulated": str(data.simulated).lower(),
        "fingerprint": data.fingerprint,
        "scale": cfg.scale,
        "folder": job,
        "path": str(folder.absolute()),
        **lock_tags(folder),
    }
    chosen = "chosen " if is_chosen(cfg) else ""
    name = chosen + short_name() if short_name() else cfg.variant or job
    logger: MlflowLogger | None = build(cfg.logger, Logger, run_name=name, tags=tags)
    if logger:
        logger.leading = [f"test/{metric}" for metric in names("headline", cfg.headline)]
        kind = "simulated" if data.simulated else "files"
        logger.log_dataset(data.name, data.fingerprint, kind)
    return logger


def log_outcome(logger: MlflowLogger, record: Mapping[str, Any], folder: Path) -> None:
    """Log what a run concluded: card as note and table, audit as table, tags to find it by."""
    tags = {tracked_card.NOTE: tracked_card.note(record, str(folder)), **tracked_card.tags(record)}
    tables = {
        "card.json": tracked_card.card_table(record),
        "audit.json": tracked_card.audit_table(record),
    }
    logger.log_outcome(folder, tags, tables)


def register(
    cfg: DictConfig,
    logger: MlflowLogger,
    checkpoint: Path,
    data: Any,
    record: Mapping[str, Any],
) -> None:
    """Put the trained model into the registry, where `register` names it.

    Args:
        cfg: of the run.
        logger: of the run.
        checkpoint: that was tested.
        data: of the run; may offer an `example` of new input.
        record: metrics.json, whose card describes the version.
    """
    if cfg.register is not None:
        note = tracked_card.note(record, str(checkpoint.parent.parent))
        version = logger.register(cfg.register, checkpoint, data.example(), note)
        model = f"models:/{cfg.register}/{version}"
        log.info("registered (make ui): %s", logger.link_to_model(cfg.register, version))
        log.info("it answers by: mlflow models serve -m %s --env-manager local", model)


def log_config(logger: MlflowLogger | None, cfg: DictConfig) -> None:
    """Log the configuration once: what decides the result as parameters, the whole as a file."""
    if logger:
        logger.log_config(logged_settings(cfg), shown_config(cfg))
