"""What a search tries: its space, its objective, and the overrides of each of its jobs."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from muso_exp.errors import ConfigError
from muso_exp.evaluation.glossary import meaning
from muso_exp.experiment.build import place_of_model
from muso_exp.experiment.defaults import ABSENT
from muso_exp.experiment.listing import conf_folders
from muso_exp.experiment.objective import LOSS, SEARCH, STAGE, check_named, names
from muso_exp.experiment.overrides import check_choice
from muso_exp.experiment.plugins import load_keys
from muso_exp.experiment.settings import is_below, settle
from muso_exp.experiment.swept import as_given

GRID, SAMPLERS = "grid", ("tpe", "random", "grid")
DIRECTIONS = {"more": "maximize", "less": "minimize"}
# What is not chosen by validation, and what to do instead.
NOT_CHOSEN = {
    "seed": "a seed is no setting to choose; +sweep=seeds runs several",
    "variant": "name the row of the table that is searched, variant=NAME",
    "scale": "name one scale",
    "experiment": "name one experiment",
    "trial": "the search itself numbers its trials",
}


@dataclass(frozen=True)
class SearchPlan:
    """What a search tries.

    Attributes:
        objective: the validation metric.
        direction: maximize or minimize.
        space: key -> values, in Hydra's grammar.
        distributions: key -> Optuna's distribution of the same; of a grid none.
        grid: of a grid, the settings in order; else none.
        fixed: overrides of every job.
        hold_out: overrides of the trials alone: what they validate on.
        place: what `model` stands for in a row of a table, such as models.wmf.
        stands: the setting as the experiment stands, the first trial; {} where it is not tried: of
            a grid over values that the user has listed.
    """

    objective: str
    direction: str
    space: Mapping[str, str]
    distributions: Mapping[str, Any]
    grid: Sequence[Mapping[str, Any]]
    fixed: Sequence[str]
    hold_out: Sequence[str]
    stands: Mapping[str, Any] = field(default_factory=dict)
    place: str = "model"

    @property
    def default(self) -> dict[str, Any]:
        """Return the part of `stands` that the space holds; the first trial sets no other key."""
        values = self.stands.items()
        return {key: value for key, value in values if _holds(self.distributions.get(key), value)}

    def of_trial(self, number: int, setting: Mapping[str, Any]) -> list[str]:
        """Return the overrides of a trial."""
        own = [f"objective={self.objective}", f"hydra.sweeper.direction={self.direction}"]
        return [*self.of_setting(setting), *self.hold_out, *own, f"trial={number}"]

    def of_setting(self, setting: Mapping[str, Any]) -> list[str]:
        """Return the overrides of the job that trains a setting on all, and tests it."""
        own = (
            (re.sub(r"^model\.", f"{self.place}.", key), value) for key, value in setting.items()
        )
        return [*self.fixed, *(f"{key}={value}" for key, value in own)]

    def key(self, inert: Sequence[str]) -> str:
        """Return the hash of what a study is of; `inert` overrides are no part of it."""
        fixed = [one for one in self.fixed if not is_below(_key(one), inert)]
        parts = self.objective, self.direction, dict(self.space), fixed, list(self.hold_out)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def searches(hydra: Any) -> bool:
    """Return whether the sweeper of a configuration's `hydra` part is that of a search."""
    return hydra.sweeper._target_ == SEARCH


def make_plan(config: DictConfig) -> SearchPlan:
    """Return what a search that is about to begin tries.

    Args:
        config: as Hydra composed it.

    Raises:
        ConfigError: a row that the table does not have, a model without a space, a key that is not
            in the configuration or that no validation chooses, no trials, no objective, or one
            without a direction.
    """
    sweeper = config.hydra.sweeper
    if not (isinstance(sweeper.n_trials, int) and sweeper.n_trials >= 1):
        raise ConfigError(f"hydra.sweeper.n_trials={sweeper.n_trials}: at least 1 is needed")
    if sweeper.sampler not in SAMPLERS:
        raise ConfigError(f"hydra.sweeper.sampler={sweeper.sampler}: choose {', '.join(SAMPLERS)}")
    objective = _objective(config)
    tasks, params = as_given(config.hydra)
    given = {key: f"{key}={value}" for key, value in params.items()}
    given |= {_key(one, "~"): one for one in tasks}
    swept = {key: one for key, one in given.items() if _is_swept(one)}
    varied = dict((_appended(one) + key, one.partition("=")[2]) for key, one in swept.items())
    if config.get("variants") and config.get("variant") is not None:
        check_choice("variant", config.variant, config.variants)
    _refuse_unchosen(varied)  # before the model is asked for: a row of a table may decide it
    grid_of_values = sweeper.sampler == GRID and varied  # the model's own space is no part of it
    space = {} if grid_of_values else _own_space(config, sweeper.sampler == GRID)
    space |= varied
    space = {key: value for key, value in space.items() if key in varied or key not in given}
    _check_space(config, space)
    fixed = [one for key, one in given.items() if key not in swept and key != "objective"]
    grid = _grid(space) if sweeper.sampler == GRID else []
    distributions = {} if grid else _distributions(space)
    held = _hold_out(config, given)
    stands = {} if grid_of_values else _stands(config, space)
    grid = [setting for setting in grid if not _is_same(setting, stands)]
    parts = (objective, _direction(config, objective), space, distributions, grid, fixed)
    return SearchPlan(*parts, held, stands, place_of_model(config))


def _key(override: str, also: str = "") -> str:
    return override.lstrip(f"+{also}").partition("=")[0]


def _appended(override: str) -> str:
    return "+" if override.startswith("+") else ""


def _is_swept(override: str) -> bool:
    (parsed,) = OverridesParser.create().parse_overrides([override])
    return bool(parsed.is_sweep_override())


def _objective(config: DictConfig) -> str:
    """Return the validation metric: `objective`, else that of the first headline."""
    lead = names("headline", config.get("headline"))[:1]
    named = names("objective", config.get("objective")) or [STAGE + name for name in lead]
    check_named(named or None, config.hydra)
    if len(named) > 1:
        raise ConfigError(f"objective={','.join(named)}: a search has one objective")
    return named[0]


def _direction(config: DictConfig, objective: str) -> str:
    given = config.hydra.sweeper.direction
    if given is not None:
        if given not in DIRECTIONS.values():
            raise ConfigError(f"hydra.sweeper.direction={given}: choose maximize or minimize")
        return str(given)
    if objective == LOSS:
        return "minimize"
    known = meaning(objective.removeprefix(STAGE))
    if known is None or known.better not in DIRECTIONS:
        raise ConfigError(
            f"objective={objective}: whether more of it is better is not known; set "
            "hydra.sweeper.direction=maximize or minimize"
        )
    return DIRECTIONS[known.better]


def _own_space(config: DictConfig, grid: bool) -> dict[str, str]:
    """Return the space of the model, of `conf/search/<model>.yaml`; {} where it has none."""
    name = str(config.model._target_).split(".")[-2] if config.get("model") else ""
    for folder in conf_folders():
        if tree := load_keys(folder / "search" / f"{name}.yaml"):
            found = tree.get("grid" if grid else "space") or {}
            return {str(key): str(value) for key, value in found.items()}
    return {}


def _check_space(config: DictConfig, space: Mapping[str, str]) -> None:
    if not space:
        name = str(config.model._target_).split(".")[-2] if config.get("model") else "null"
        raise ConfigError(
            f"model {name} has no search space; write conf/search/{name}.yaml (see docs/sweeps.md) "
            "or give values, such as 'model.lr=tag(log,interval(1e-4,1e-1))'"
        )
    for key in space:
        if OmegaConf.select(config, key, default=ABSENT) is ABSENT and not key.startswith("+"):
            raise ConfigError(f"search space: {key}: no such key in this configuration")


def _refuse_unchosen(space: Mapping[str, str]) -> None:
    for key, values in space.items():
        reason = NOT_CHOSEN.get(key) or (NOT_CHOSEN["seed"] if key.endswith(".seed") else None)
        if reason:
            raise ConfigError(f"{key}={values}: {reason}")


def _parsed(key: str, values: str) -> Any:
    try:
        return OverridesParser.create().parse_override(f"{key}={values}")
    except HydraException as error:
        problem = str(error).splitlines()[0]
        raise ConfigError(f"search space: {key}={values}: cannot be read ({problem})") from error


def _grid(space: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return each combination of the values, the last key varying fastest."""
    values: list[list[str]] = []
    for key, text in space.items():
        override = _parsed(key, text)
        if not override.is_discrete_sweep():
            raise ConfigError(
                f"search space: {key}={text}: a grid wants values, such as {key}=1,2,3; "
                "+sweep=search takes intervals"
            )
        values.append(list(dict.fromkeys(override.sweep_string_iterator())))
    return [dict(zip(space, chosen, strict=True)) for chosen in itertools.product(*values)]


def _distributions(space: Mapping[str, str]) -> dict[str, Any]:
    from hydra_plugins.hydra_optuna_sweeper._impl import create_optuna_distribution_from_override

    found: dict[str, Any] = {}
    for key, text in space.items():
        try:
            found[key] = create_optuna_distribution_from_override(_parsed(key, text))
        except (ValueError, AssertionError, NotImplementedError) as error:
            raise ConfigError(f"search space: {key}={text}: {error}") from error
        if isinstance(found[key], str):
            raise ConfigError(f"search space: {key}={text}: one value; give several")
    return found


def _hold_out(config: DictConfig, given: Mapping[str, str]) -> list[str]:
    """Return what trials hold out for validation where the experiment holds out nothing."""
    name = str(config.dataset._target_).split(".")[-2] if config.get("dataset") else ""
    known: Any = OmegaConf.to_container(config.hydra.sweeper.hold_out).get(name, {})  # type: ignore[union-attr]
    return [
        f"{key}={share}"
        for key, share in known.items()
        if key not in given and OmegaConf.select(config, key) == 0
    ]


def _stands(config: DictConfig, space: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that the keys of a space have as the experiment stands."""
    stands = config.copy()
    if config.get("model"):
        settle(stands)
    return {key: OmegaConf.select(stands, key) for key in space if not key.startswith("+")}


def _holds(distribution: Any, value: Any) -> bool:
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))
    except (AttributeError, TypeError, ValueError):  # a grid has none; `validation` is no number
        return False


def _is_same(setting: Mapping[str, Any], stands: Mapping[str, Any]) -> bool:
    """Return whether a setting of a grid, as text, is the one that stands."""
    return setting.keys() == stands.keys() and all(
        _parsed(key, text).value() == stands[key] for key, text in setting.items()
    )
