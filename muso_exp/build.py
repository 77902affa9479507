"""From a configuration node to an object: one `_target_`, plain arguments, known packages only."""

import inspect
from collections.abc import Mapping
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf

from muso_exp.errors import ConfigError, MusoError

ALLOWED = ("muso_exp.", "torch.", "pytorch_lightning.")


def build(node: DictConfig | None, **extra: Any) -> Any:
    """Call the constructor that `node` names; None where the node is empty.

    Args:
        node: `_target_` plus plain arguments; nested targets are built too.
        extra: arguments that no YAML holds; they win over the node's.

    Raises:
        ConfigError: a target outside the allowed packages, before it is imported; an argument that
            is missing, unknown or refused by the constructor.
    """
    if not node:
        return None
    _check_arguments(node._target_, plain(node), _parameters(node))
    try:
        return instantiate(node, **extra, _convert_="all")
    except InstantiationException as error:
        if isinstance(error.__cause__, MusoError):
            raise error.__cause__ from error
        if isinstance(error.__cause__, (ValueError, TypeError)):
            raise ConfigError(f"{node._target_}: {_last_line(error.__cause__)}") from error
        raise


def plain(node: Any) -> Any:
    """Return a configuration node as dicts, lists and values, interpolations resolved."""
    return OmegaConf.to_container(node, resolve=True)


def accepted(node: DictConfig, offers: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `offers` that the constructor of `node` names and the node leaves open."""
    names = _parameters(node)
    return {name: value for name, value in offers.items() if name in names and name not in node}


def _parameters(node: DictConfig) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of the node's constructor, once all its targets are allowed."""
    for target in _targets(plain(node)):
        if not target.startswith(ALLOWED):
            names = ", ".join(name.rstrip(".") for name in ALLOWED)
            raise ConfigError(f"_target_={target}: refused; a target must be under {names}")
    try:
        return inspect.signature(get_class(node._target_)).parameters
    except Exception as error:
        raise ConfigError(f"_target_={node._target_}: {_last_line(error)}") from error


def _check_arguments(target: str, given: Any, known: Mapping[str, inspect.Parameter]) -> None:
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return
    unknown = [name for name in given if not name.startswith("_") and name not in known]
    if unknown:
        raise ConfigError(
            f"{target} has no argument {', '.join(unknown)}; it takes {', '.join(known)}"
        )


def _targets(node: Any) -> list[str]:
    """Return every `_target_` in a plain tree."""
    if isinstance(node, dict):
        own = [str(node["_target_"])] if "_target_" in node else []
        return own + [found for value in node.values() for found in _targets(value)]
    if isinstance(node, list):
        return [found for value in node for found in _targets(value)]
    return []


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
