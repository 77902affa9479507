"""Keys of an older version: answered with their new name, and read in the recipes of old runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from muso_exp.errors import ConfigError

# Option of a data set -> where it stands now, below the same node.
RENAMED: dict[str, str] = {}
_WORLD = re.compile(r"world_(\w+)")


def new_place(option: str) -> str | None:
    """Return where an option of a data set stands now: `world.users` of `world_users`; or None."""
    world = _WORLD.fullmatch(option)
    return f"world.{world[1]}" if world else RENAMED.get(option)


def refuse_renamed(args: Iterable[str]) -> None:
    """Refuse an override of a key that has another name now.

    Raises:
        ConfigError: such a key, with its new name.
    """
    for arg in args:
        key, equals, _ = arg.lstrip("+~").partition("=")
        node, _, option = key.rpartition(".")
        place = new_place(option) if equals and node.partition(".")[0] == "dataset" else None
        if place:
            raise ConfigError(f"{key}: now {node}.{place}")


def modern(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a data set of an old run, nested ones too, in their places of today."""
    tree: dict[str, Any] = {}
    for option, value in recipe.items():
        value = modern(value) if isinstance(value, Mapping) else value
        *groups, name = (new_place(option) or option).split(".")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = value
    return tree
