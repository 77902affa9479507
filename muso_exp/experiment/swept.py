"""What a sweep varies: the keys whose values differ among its jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf

SWEPT = "MUSO_SWEPT"  # environment: the keys, for the jobs


def as_given(hydra: Any) -> tuple[list[str], dict[str, Any]]:
    """Return the overrides and the sweeper's parameters, `${...}` as it stands in them.

    Args:
        hydra: part of the configuration, where a sweep is about to begin.
    """
    tasks: Any = OmegaConf.to_container(hydra.overrides.task, resolve=False)
    params = hydra.sweeper.get("params")
    given: Any = OmegaConf.to_container(params, resolve=False) if params else {}
    return tasks, given


def swept_keys(hydra: Any) -> list[str]:
    """Return the keys that have several values in a sweep that is about to begin, in order."""
    return [key for key, one in _parsed(hydra).items() if one.is_sweep_override()]


def values_of(hydra: Any, key: str) -> list[str]:
    """Return the values of a key in a sweep that is about to begin; none where it is not listed."""
    one = _parsed(hydra).get(key)
    if one is None or not one.is_choice_sweep():
        return []
    return [str(value).strip("'\"") for value in one.sweep_string_iterator()]


def _parsed(hydra: Any) -> dict[str, Override]:
    """Return key -> its override, in order."""
    tasks, params = as_given(hydra)
    texts = [*(f"{key}={value}" for key, value in params.items()), *tasks]
    parsed = OverridesParser.create().parse_overrides(texts)
    return {one.get_key_element(): one for one in parsed}  # a later one takes its place


def what_differs(overrides: Iterable[str], keys: Iterable[str]) -> str:
    """Return what sets a job apart: `seed=1 model.lr=0.1`.

    Args:
        overrides: of the job.
        keys: that the sweep varies.
    """
    wanted = set(keys)
    return " ".join(one for one in overrides if one.partition("=")[0] in wanted)
