"""What a search optimises: a validation metric. The test set is looked at once, by its choice."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ValueType
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict, read_write

from muso_exp.errors import ConfigError, SweepRefusedError
from muso_exp.evaluation.card import check_metric
from muso_exp.experiment.swept import as_given
from muso_exp.models.base import Model
from muso_exp.tasks.base import Task

PLAIN = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
OPTUNA = "hydra_optuna_sweeper"
CHOICES = (ValueType.CHOICE_SWEEP, ValueType.SIMPLE_CHOICE_SWEEP)  # a glob is not listed yet
SEARCH = "muso_exp.experiment.search_sweeper.SearchSweeper"
STORAGE = "MUSO_STORAGE"  # environment: of the study, for trials that may be pruned
STUDY = "MUSO_STUDY"
STAGE = "val/"
LOSS = "val/loss"


def optimises(hydra: Any) -> bool:
    """Return whether the sweeper of a configuration's `hydra` part chooses settings by a value."""
    return hydra.mode is RunMode.MULTIRUN and hydra.sweeper._target_ != PLAIN


def in_search(cfg: Any) -> bool:
    """Return whether this run is one by which a search chooses: not the one that it has chosen.

    Args:
        cfg: of the run.
    """
    if not HydraConfig.initialized() or not optimises(HydraConfig.get()):
        return False
    return cfg.trial is not None or HydraConfig.get().sweeper._target_ != SEARCH


def is_chosen(cfg: Any) -> bool:
    """Return whether this run is the one that a search has chosen.

    Args:
        cfg: of the run.
    """
    searched = HydraConfig.initialized() and optimises(HydraConfig.get())
    return searched and cfg.trial is None and HydraConfig.get().sweeper._target_ == SEARCH


def pruning(cfg: Any) -> list[pl.Callback]:
    """Return the callback that may end a trial of a search early; none where that is off."""
    storage, study = os.environ.get(STORAGE), os.environ.get(STUDY)
    if cfg.trial is None or not storage or not study:
        return []
    from muso_exp.training.pruning import MedianPruning

    return [MedianPruning(storage, study, cfg.trial, str(cfg.objective))]


def names(key: str, value: Any) -> list[str]:
    """Return the metrics that a key of the configuration names: one, a list, or none.

    Raises:
        ConfigError: something else.
    """
    plain = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
    listed = [plain] if isinstance(plain, str) else plain or []
    if not isinstance(listed, Sequence) or not all(isinstance(name, str) for name in listed):
        raise ConfigError(f"{key}={plain}: the name of a metric is needed, or a list of names")
    return list(listed)


def check_named(objective: Any, hydra: Any | None = None) -> None:
    """Refuse a test metric as objective, and a search without any.

    Args:
        objective: what the configuration names.
        hydra: its `hydra` part, where a sweep is about to begin.

    Raises:
        ConfigError: a test metric, or none in a search.
    """
    named = names("objective", objective)
    for name in named:
        if not name.startswith(STAGE):
            raise ConfigError(
                f"objective={name}: a test metric, which no search may optimise; set "
                f"headline={name} to lead reports and tables by it, or objective={STAGE}{name}"
            )
    if hydra is not None and optimises(hydra) and not named:
        raise ConfigError(
            "this sweeper optimises, and objective is not set; set a validation metric, such as "
            f"objective={LOSS}"
        )


def check_search(objective: Any, data: pl.LightningDataModule, model: Model, limit: Any) -> None:
    """Refuse a search by a metric that this run cannot measure, or in the wrong direction.

    Args:
        objective: what the configuration names.
        data: set up; its validation rows are what a search may look at.
        model: that is trained.
        limit: `trainer.limit_val_batches`.

    Raises:
        SweepRefusedError: an unknown metric, a loss that the model does not have, no validation
            rows, or a direction of the sweeper that leads to the worst value.
    """
    try:
        _check_search(objective, data, model, limit)
    except ConfigError as error:
        raise SweepRefusedError(str(error)) from error


def _check_search(objective: Any, data: pl.LightningDataModule, model: Model, limit: Any) -> None:
    task: Task = data.task  # type: ignore[attr-defined]
    metrics = task.metrics()
    wanted = directions(HydraConfig.get())
    for place, name in enumerate(names("objective", objective)):
        metric = name.removeprefix(STAGE)
        has_loss = type(model).loss is not Model.loss
        check_metric("objective", name, [STAGE + str(one) for one in metrics] + [LOSS] * has_loss)
        higher = False if name == LOSS else metrics[metric].higher_is_better
        if place < len(wanted) and higher is not None:
            _check_direction(name, "maximize" if higher else "minimize", wanted[place])
    if n_validation_batches(data) == 0 or limit == 0:
        raise ConfigError(
            f"objective={objective}: there are no validation rows to measure it on, and a search "
            "must not look at the test set; hold some out (dataset.split.val_share or "
            "dataset.val_users), or list settings without hydra/sweeper"
        )


def n_validation_batches(data: pl.LightningDataModule) -> int:
    """Return how many batches of validation rows a data set has."""
    loaders = data.val_dataloader()
    return sum(map(len, loaders if isinstance(loaders, list) else [loaders]))


def end_with_the_grid(hydra: Any) -> int | None:
    """Let a search over values that can be counted try each combination once, then end.

    Unless it is to end before. A sampler that draws them would repeat some and miss others.

    Args:
        hydra: part of the configuration, where a sweep is about to begin; its sampler and number of
            trials are set.

    Returns:
        How many combinations there are; None where the search is left as it is.
    """
    if OPTUNA not in hydra.sweeper._target_:
        return None
    import optuna
    from hydra_plugins.hydra_optuna_sweeper.config import GridSamplerConfig

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it numbers studies and trials
    n_trials = hydra.sweeper.get("n_trials")
    tasks, params = as_given(hydra)
    size = _grid_size([*(f"{key}={value}" for key, value in params.items()), *tasks])
    if n_trials is None or size is None or n_trials < size:
        return None
    with read_write(hydra), open_dict(hydra):
        hydra.sweeper.n_trials = size
        hydra.sweeper.sampler = GridSamplerConfig()
    return size


def run_once(hydra: Any) -> list[str]:
    """Take values that are given twice for one option out of a sweep that is about to begin.

    Args:
        hydra: part of the configuration; its overrides and parameters are set.

    Returns:
        The options with such values, as given.
    """
    parser = OverridesParser.create()
    doubled: list[str] = []

    def once(text: str) -> str:
        (override,) = parser.parse_overrides([text])
        values = list(override.sweep_string_iterator()) if override.value_type in CHOICES else []
        if len(set(values)) == len(values):
            return text
        doubled.append(text)
        return f"{override.get_key_element()}={','.join(dict.fromkeys(values))}"

    tasks, params = as_given(hydra)
    changed = [once(text) for text in tasks]
    kept = {key: once(f"{key}={value}").partition("=")[2] for key, value in params.items()}
    if doubled:
        with read_write(hydra), open_dict(hydra):
            hydra.overrides.task = changed
            hydra.sweeper.params = kept or None
    return doubled


def _grid_size(overrides: Iterable[str]) -> int | None:
    """Return how many combinations of values the overrides hold; None if they cannot be counted."""
    parser, counts = OverridesParser.create(), {}
    for override in parser.parse_overrides(list(overrides)):
        counted = override.value_type in (*CHOICES, ValueType.RANGE_SWEEP)
        if override.is_sweep_override() and not counted:
            return None
        values = override.sweep_string_iterator() if counted else [""]
        counts[override.get_key_element()] = len(set(values))  # a later one takes its place
    return math.prod(counts.values()) if max(counts.values(), default=1) > 1 else None


def _check_direction(name: str, right: str, given: str) -> None:
    if given != right:
        raise ConfigError(
            f"hydra.sweeper.direction={given}: the worst {name} would be sought; set "
            f"hydra.sweeper.direction={right}"
        )


def measure(
    objective: Any, trainer: pl.Trainer, model: Model, data: pl.LightningDataModule, best: Any
) -> dict[str, float]:
    """Return the validation metrics that a search optimises, of the weights that are tested.

    Args:
        objective: what the configuration names.
        trainer: of the run.
        model: trained.
        data: set up.
        best: checkpoint that is tested.

    Raises:
        ConfigError: validation logged none of that name.
    """
    (found,) = trainer.validate(
        model, datamodule=data, ckpt_path=best, verbose=False, weights_only=True
    )
    for name in names("objective", objective):
        check_metric("objective", name, list(found))
    return {name: float(found[name]) for name in names("objective", objective)}


def validated(trainer: pl.Trainer, monitor: str | None) -> dict[str, float]:
    """Return the validation metrics that training has measured of the weights that are tested.

    Args:
        trainer: that has trained.
        monitor: validation metric by which the tested epoch was chosen; None: it is the last.
    """
    if monitor:
        kept = (getattr(one, "best_model_score", None) for one in trainer.checkpoint_callbacks)
        scores = [float(score) for score in kept if score is not None]
        return {str(monitor): scores[0]} if scores else {}
    logged = trainer.callback_metrics.items()
    return {str(name): float(value) for name, value in logged if str(name).startswith(STAGE)}


def returned(record: Mapping[str, Any]) -> float | tuple[float, ...] | None:
    """Return what a sweeper gets of a finished run: the objective; None where nothing is sought."""
    values = tuple((record.get("objective") or {}).values())
    return values[0] if len(values) == 1 else values or None


def worst(hydra: Any = None) -> float | tuple[float, ...]:
    """Return what a sweeper gets of a run that failed; Optuna takes no NaN.

    Args:
        hydra: part of the configuration; None: of the job that runs.
    """
    wanted = directions(hydra or HydraConfig.get())
    values = tuple(-math.inf if "maximize" in one else math.inf for one in wanted)
    return values[0] if len(values) == 1 else values or math.nan


def directions(hydra: Any) -> list[str]:
    """Return the directions of the sweeper, a word each; none of a sweeper without.

    Args:
        hydra: part of the configuration.
    """
    given = hydra.sweeper.get("direction")
    several = isinstance(given, Sequence) and not isinstance(given, str)
    listed = list(given) if several else [] if given is None else [given]
    return [str(one).lower().rpartition(".")[2] for one in listed]  # of Optuna's Direction too
