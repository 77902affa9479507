"""What a run watches while it trains, asked before: which epoch is best, when training stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.evaluation.card import check_metric
from muso_exp.experiment.build import plain
from muso_exp.experiment.objective import LOSS, STAGE, n_validation_batches
from muso_exp.experiment.parts import trainer_node
from muso_exp.models.base import Model, Solver

COUNTED = ("epoch", "step")  # what Lightning's checkpoints may be ordered by besides
TRAINED = "train/loss"
KNOWN = ("muso_exp", "pytorch_lightning", "lightning", "lightning_fabric", "torch")
HELD_OUT = "hold some out (dataset.split.val_share or dataset.val_users)"
# Of the checkpoint that is tested: what is set elsewhere (its key -> where), and what may be set.
OF_THE_RUN = {"monitor": "monitor", "mode": "monitor_mode"}
FREE = ("_target_", "dirpath", "filename", "enable_version_counter", "verbose", *OF_THE_RUN)


def check_stopping(cfg: DictConfig, data: pl.LightningDataModule, model: Model) -> None:
    """Raise ConfigError if training is to stop early by a validation that it does not have.

    Args:
        cfg: of the run, settled.
        data: set up.
        model: that is trained.
    """
    if not cfg.callbacks.get("early_stopping"):
        return
    if isinstance(model, Solver):
        raise ConfigError(
            f"{type(model).__name__} is solved, not descended: no epoch of it is too many; drop "
            "+callbacks=early_stopping"
        )
    if n_validation_batches(data) == 0 or cfg.trainer.limit_val_batches == 0:
        raise ConfigError(
            f"callbacks.early_stopping: there are no validation rows to stop by; {HELD_OUT}"
        )


def check_monitored(cfg: DictConfig, data: pl.LightningDataModule, model: Model) -> None:
    """Refuse what is to be watched while the model trains, if it will not be measured.

    A model or callback of the user's own that logs by itself may log any name: Lightning then
    refuses one that is not there, at the first validation.

    Args:
        cfg: of the run, settled.
        data: set up.
        model: that is trained.

    Raises:
        ConfigError: a metric that validation does not log, no validation at all (of which a
            threshold may be learned too), the worst value sought, or a checkpoint of the best epoch
            that is not the one that is tested.
    """
    _check_best(cfg)
    if getattr(model, "threshold", None) == "validation":
        _check_validation(cfg, data, model, "dataset.threshold=validation")
    metrics: MetricCollection = data.task.metrics()  # type: ignore[attr-defined]
    has_loss = type(model).loss is not Model.loss
    known = [STAGE + str(name) for name in metrics] + [LOSS] * has_loss
    trained = [TRAINED] * (has_loss or type(model).training_step is not Model.training_step)
    anything = _logs(type(model)) or any(_is_own(node) for node in _callbacks(cfg))
    for key, name, mode, is_lightnings in _watched(cfg):
        if not anything and name not in (*trained, *COUNTED * is_lightnings):
            check_metric(key, name, known)
        if name.startswith(STAGE):
            _check_validation(cfg, data, model, f"{key}={name}")
        if name in known:
            higher = False if name == LOSS else metrics[name.removeprefix(STAGE)].higher_is_better
            _check_mode(key, name, mode, higher)


def _check_best(cfg: DictConfig) -> None:
    """Refuse another checkpoint of the best epoch than the one that the run tests."""
    best = cfg.callbacks.get("best")
    if not cfg.monitor:
        return
    if not best:
        raise ConfigError(
            f"callbacks.best={best}: monitor={cfg.monitor} tests the epoch that it keeps; set "
            "monitor=null to test the last one"
        )
    for key, place in OF_THE_RUN.items():
        if best.get(key) != cfg[place]:
            raise ConfigError(f"callbacks.best.{key}={best.get(key)}: set {place} instead")
    for key in (str(key) for key in best if key not in FREE):
        raise ConfigError(
            f"callbacks.best.{key}: each epoch that is validated may be the best; leave it out"
        )
    kept = f"{cfg.paths.run}/checkpoints/best"
    if f"{best.get('dirpath')}/{best.get('filename')}" != kept:
        raise ConfigError(f"callbacks.best: the tested checkpoint is kept as {kept}.ckpt alone")


def _watched(cfg: DictConfig) -> Iterator[tuple[str, str, str | None, bool]]:
    """Yield what is watched: key, name, mode, and whether it is not the program that does it."""
    if cfg.monitor:
        yield "monitor", str(cfg.monitor), cfg.monitor_mode, False
    for place, node in plain(cfg.callbacks).items():
        name = (node or {}).get("monitor")
        if place != "best" and name and name != cfg.monitor:
            key = f"callbacks.{place}.monitor"
            yield key, str(name), node.get("mode"), not node["_target_"].startswith("muso_exp.")


def _callbacks(cfg: DictConfig) -> list[Mapping[str, Any]]:
    return [node for node in plain(cfg.callbacks).values() if node]


def _is_own(node: Mapping[str, Any]) -> bool:
    """Return whether a callback is the user's own, which may log what it likes."""
    return str(node["_target_"]).partition(".")[0] not in KNOWN


def _logs(kind: type) -> bool:
    """Return whether a class of the user's own logs anything by itself."""
    own = [
        one for one in kind.__mro__ if one.__module__.partition(".")[0] not in (*KNOWN, "builtins")
    ]
    codes = [getattr(part, "__code__", None) for one in own for part in vars(one).values()]
    return any({"log", "log_dict"} & set(code.co_names) for code in codes if code)


def _check_validation(
    cfg: DictConfig, data: pl.LightningDataModule, model: Model, watched: str
) -> None:
    """Refuse a validation metric where nothing is validated."""
    trainer = trainer_node(cfg, model)
    if n_validation_batches(data) == 0 or trainer.get("limit_val_batches") == 0:
        raise ConfigError(f"{watched}: there are no validation rows to measure it on; {HELD_OUT}")
    every, epochs = trainer.get("check_val_every_n_epoch") or 1, trainer.get("max_epochs") or 0
    if 0 < epochs < every:
        raise ConfigError(
            f"{watched}: none of {epochs} epochs is validated; set trainer.check_val_every_n_epoch "
            f"to {epochs} at most (it is {every})"
        )


def _check_mode(key: str, name: str, mode: str | None, higher: bool | None) -> None:
    """Refuse a mode that prefers the worst value."""
    right = "max" if higher else "min"
    if higher is not None and mode in ("min", "max") and mode != right:
        setting = "monitor_mode" if key == "monitor" else key.replace(".monitor", ".mode")
        raise ConfigError(f"{setting}={mode}: the worst {name} would be preferred; set {right}")
