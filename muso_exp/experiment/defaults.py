"""What an option means where a configuration does not name it: its default in the constructor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from muso_exp.experiment.build import node_classes, parameters
from muso_exp.training.checkpoint import flatten


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()  # of an option that has no default


def default(node: Mapping[str, Any], option: str) -> Any:
    """Return the default of an option of a node; ABSENT if it has none.

    Args:
        node: `_target_` plus plain arguments; a value of the option itself is left out of account.
        option: `lr`, or `world.users` of options that are a node.
    """
    name, _, inner = option.partition(".")
    known = parameters(node, object) if "_target_" in node else {}
    if name not in known:
        return ABSENT
    parameter, given = known[name], node.get(name)
    if isinstance(given, Mapping) and "_target_" in given:
        return default(given, inner)
    found: list[Any] = [] if parameter.default is parameter.empty else [parameter.default]
    try:
        if isinstance(given, Mapping):
            others = {key: value for key, value in given.items() if key != inner.partition(".")[0]}
            found = [msgspec.convert(others, one) for one in node_classes(parameter.annotation)]
        trees = [flatten({name: msgspec.to_builtins(one)}) for one in found]
    except (TypeError, ValueError):  # of a damaged recipe
        return ABSENT
    values = [tree[option] for tree in trees if option in tree]
    return ABSENT if not values else list(values[0]) if isinstance(values[0], tuple) else values[0]


def default_at(tree: Mapping[str, Any], key: str) -> Any:
    """Return the default of the option at a key of a whole configuration.

    Args:
        tree: the configuration, plain.
        key: `dataset.world.users`.

    Returns:
        The default of the constructor that the option belongs to; None, for not set, where it
        belongs to none.
    """
    if "_target_" in tree:
        return default(tree, key)
    name, _, rest = key.partition(".")
    inner = tree.get(name)
    return default_at(inner, rest) if isinstance(inner, Mapping) else None
