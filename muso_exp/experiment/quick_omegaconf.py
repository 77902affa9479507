"""OmegaConf with two of its parts exchanged for quicker ones, to the same values.

An experiment is composed of some twenty files, a sweep composes it for each of its jobs, and a run
reads its configuration a dozen times, with some two hundred interpolations in it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from omegaconf import _utils, base, basecontainer, grammar_parser

_MOST_PARSED = 2048  # interpolations that are kept, as trees


def quicken() -> None:
    """Let OmegaConf, and so Hydra, read YAML by libyaml and parse each interpolation once.

    libyaml, where PyYAML has it, takes a seventh of the time. What is kept of an interpolation is
    its grammar, not its value: that is looked up whenever it is asked for.
    """
    own: Any = _utils.get_yaml_loader()
    if yaml.__with_libyaml__ and not hasattr(own, "by_libyaml"):
        loader = _by_libyaml(own)
        for module in (_utils, basecontainer):
            module.get_yaml_loader = lambda: loader  # type: ignore[attr-defined]
    if not hasattr(base.parse, "cache_info"):
        base.parse = _utils.parse = lru_cache(_MOST_PARSED)(grammar_parser.parse)


def _by_libyaml(own: Any) -> Any:
    class Loader(yaml.cyaml.CParser, own):
        by_libyaml = True

        def __init__(self, stream: Any) -> None:
            yaml.cyaml.CParser.__init__(self, stream)
            yaml.constructor.SafeConstructor.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    return Loader


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds, in plain values, by the rules of OmegaConf's loader.

    Raises:
        YAMLError: no YAML, or a key that stands twice.
    """
    quicken()
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=_utils.get_yaml_loader())
