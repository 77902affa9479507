"""What a sweep varies: the keys whose values differ among its jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
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
    tasks, params = as_given(hydra)
    texts = [*(f"{key}={value}" for key, value in params.items()), *tasks]
    parsed = OverridesParser.create().parse_overrides(texts)
    last = {one.get_key_element(): one for one in parsed}  # a later one takes its place
    return [key for key, one in last.items() if one.is_sweep_override()]


def what_differs(overrides: Iterable[str], keys: Iterable[str]) -> str:
    """Return what sets a job apart: `seed=1 model.lr=0.1`.

    Args:
        overrides: of the job.
        keys: that the sweep varies.
    """
    wanted = set(keys)
    return " ".join(one for one in overrides if one.partition("=")[0] in wanted)
