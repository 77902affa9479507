"""From a configuration node to an object: one `_target_`, plain arguments, known packages only."""

import inspect
import math
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from muso_exp.errors import ConfigError, MusoError
from muso_exp.ranges import describe, holds

# What a constructor raises of its arguments; torch raises RuntimeError for sizes beyond the memory.
REFUSALS = (
    *(ValueError, TypeError, ImportError, OverflowError, MemoryError, RuntimeError),
    MisconfigurationException,
)
ALLOWED = ("muso_exp.", "torch.", "pytorch_lightning.")


def build(node: DictConfig | None, **extra: Any) -> Any:
    """Call the constructor that `node` names; None where the node is empty.

    Args:
        node: `_target_` plus plain arguments; nested targets are built too.
        extra: arguments that no YAML holds; they win over the node's.

    Raises:
        ConfigError: no target, or one outside the allowed packages, before it is imported; an
            argument that is missing, unknown, of another type or refused by the constructor.
    """
    if not node:
        return None
    if not OmegaConf.is_dict(node) or "_target_" not in node:
        raise ConfigError(f"{node}: a _target_ with its arguments is needed")
    _check_tree(plain(node), _parameters(node))
    try:
        return instantiate(node, **extra, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, (MusoError, OSError)):
            raise cause from error
        if isinstance(cause, REFUSALS):
            raise ConfigError(f"{node._target_}: {_last_line(cause)}") from error
        raise


def plain(node: Any) -> Any:
    """Return a configuration node as dicts, lists and values, interpolations resolved."""
    return OmegaConf.to_container(node, resolve=True)


def accepted(node: DictConfig, offers: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `offers` that the constructor of `node` names and the node leaves open.

    Args:
        node: the model's; its constructor gets from the data set what it names.
        offers: `dims` of the data set.

    Raises:
        ConfigError: the constructor needs what neither the node nor the data set has.
    """
    names = _parameters(node)
    needed = [name for name, one in names.items() if one.default is one.empty and _is_named(one)]
    missing = [name for name in needed if name not in node and name not in offers]
    if missing:
        raise ConfigError(
            f"{node._target_} needs {', '.join(missing)}; this data set offers "
            f"{', '.join(sorted(offers))}; take another model, or set model.{missing[0]}"
        )
    return {name: value for name, value in offers.items() if name in names and name not in node}


def _parameters(node: DictConfig) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of the node's constructor, once all its targets are allowed."""
    for target in _targets(plain(node)):
        if not target.startswith(ALLOWED):
            names = ", ".join(name.rstrip(".") for name in ALLOWED)
            raise ConfigError(f"_target_={target}: refused; a target must be under {names}")
    try:
        constructor = get_class(node._target_)
    except Exception as error:
        raise ConfigError(f"_target_={node._target_}: {_last_line(error)}") from error
    return _signature(constructor)


def _signature(constructor: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a class; those that `**options` hand on are of the class above."""
    try:
        own = inspect.signature(constructor, eval_str=True).parameters
    except NameError:  # a hint that is imported for the type checker alone
        own = inspect.signature(constructor).parameters
    above = next(iter(getattr(constructor, "__mro__", [])[1:]), object)
    if above is object or all(one.kind is not one.VAR_KEYWORD for one in own.values()):
        return own
    named = {name: one for name, one in own.items() if one.kind is not one.VAR_KEYWORD}
    return {**_signature(above), **named}


def _is_named(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)


def _check_tree(given: Any, known: Mapping[str, inspect.Parameter]) -> None:
    """Check the arguments of a node and of the targets in it, whose packages are allowed."""
    _check_arguments(given["_target_"], given, known)
    for value in given.values():
        if isinstance(value, dict) and "_target_" in value:
            _check_tree(value, _signature(get_class(value["_target_"])))


def _check_arguments(target: str, given: Any, known: Mapping[str, inspect.Parameter]) -> None:
    unknown = [name for name in given if not name.startswith("_") and name not in known]
    if unknown and all(one.kind is not one.VAR_KEYWORD for one in known.values()):
        raise ConfigError(
            f"{target} has no argument {', '.join(unknown)}; it takes {', '.join(known)}"
        )
    for name in filter(known.__contains__, given):  # in order: what is interpolated comes later
        hint = known[name].annotation
        if not _fits(given[name], hint):
            raise ConfigError(f"{target}: {name}={given[name]}: {_needed(hint)} is needed")


def _needed(hint: Any) -> str:
    """Return an annotation in words: `int >= 1 and <= 9`, `list of float > 0`, `str or null`."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return f"{_needed(inner[0])} {describe(inner[1])}"
    if origin in (list, Sequence) and inner:
        return f"list of {_needed(inner[0])}"
    if origin in (Union, UnionType):
        return " or ".join(map(_needed, inner))
    if hint is NoneType:
        return "null"
    return inspect.formatannotation(hint).replace("typing.", "")


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a plain value is what an annotation says; one that is not plain fits all."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _fits(value, inner[0]) and holds(inner[1], value)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if origin in (list, Sequence) and inner:
        return isinstance(value, list) and all(_fits(one, inner[0]) for one in value)
    if hint is float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return hint not in (bool, str, NoneType) or isinstance(value, hint)


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
