"""YAML by libyaml: a run reads 45 files of configuration, for .2 s of PyYAML's own parser."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from omegaconf import _utils

DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def use_compiled_yaml() -> None:
    """Let OmegaConf, and so Hydra, parse YAML by libyaml, where PyYAML was built with it.

    Which values a text stands for is still decided by OmegaConf's rules.
    """
    rules = _utils.get_yaml_loader
    if yaml.__with_libyaml__ and not hasattr(rules, "cache_clear"):
        _utils.get_yaml_loader = cache(lambda: _compiled(rules()))


def _compiled(rules: Any) -> type:
    from yaml.cyaml import CParser

    class Loader(CParser, rules):
        """Events of libyaml, values by OmegaConf's rules."""

        def __init__(self, stream: Any) -> None:
            CParser.__init__(self, stream)
            yaml.constructor.SafeConstructor.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    return Loader
