"""Plain values of a configuration as the types that a constructor's annotations name."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from muso_exp.errors import ConfigError


def converted(name: str, value: Any, hint: Any) -> Any:
    """Return a plain value as what an annotation says: a node of options as its `Options`.

    A value with a target in it, and an annotation that is not of plain values, pass as they are.

    Raises:
        ConfigError: the value is of another type or out of range, or NaN or infinite.
    """
    if hint is inspect.Parameter.empty or any(True for _ in target_nodes(value)):
        return value
    for place, number in _floats(name, value):
        if not math.isfinite(number):
            raise ConfigError(f"{place}={number}: a finite number is needed")
    try:
        return msgspec.convert(value, hint, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(_in_words(name, value, hint, str(error))) from error
    except TypeError:  # an annotation that msgspec does not know
        return value


def _in_words(name: str, value: Any, hint: Any, problem: str) -> str:
    """Return what msgspec says of a value in one line that names the option."""
    said, _, path = problem.partition(" - at `$")
    place = name + path.rstrip("`")
    if said.startswith("Object contains unknown field"):
        return f"{place} has no option {said.split('`')[1]}; there are {', '.join(_options(hint))}"
    if said.startswith("Object missing required field"):
        return f"{place} lacks {said.split('`')[1]}"
    for key in re.findall(r"\w+", path):
        value = value[int(key) if key.isdigit() else key]
    needed = said.partition(", got")[0].removeprefix("Expected ").replace("`", "")
    needed = re.sub(r"\.0\b", "", needed.replace(" | ", " or "))
    if said.startswith("Invalid enum value"):
        needed = "one of " + ", ".join(map(str, _choices(hint, re.findall(r"[a-z]\w*", path))))
    return f"{place}={value}: {needed} is needed"


def _options(hint: Any) -> list[str]:
    """Return the names of the options of a node, also where it may be null."""
    return [name for one in _nodes(hint) for name in one.__struct_fields__]


def _nodes(hint: Any) -> list[Any]:
    """Return the classes of options that an annotation allows."""
    return [one for one in (hint, *get_args(hint)) if hasattr(one, "__struct_fields__")]


def _choices(hint: Any, path: Sequence[str]) -> list[Any]:
    """Return the values of the first Literal in an annotation, below the options on a path."""
    for name in path:
        known = [get_type_hints(one, include_extras=True) for one in _nodes(hint)]
        hint = next((hints[name] for hints in known if name in hints), None)
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return next((found for one in get_args(hint) if (found := _choices(one, ()))), [])


def _floats(place: str, tree: Any) -> Iterator[tuple[str, float]]:
    """Yield the numbers with a fraction in a plain tree, each with its place."""
    if isinstance(tree, float):
        yield place, tree
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _floats(f"{place}.{key}", value)
    if isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from _floats(f"{place}[{number}]", value)


def target_nodes(tree: Any, deep: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a plain tree that name a target; the outermost ones, or all of them."""
    if isinstance(tree, dict) and "_target_" in tree:
        yield tree
        if not deep:
            return
    if isinstance(tree, (dict, list)):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from target_nodes(value, deep)
