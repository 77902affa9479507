"""Options of the parts of a model, `model.options.<part>.<name>`: checked as its own are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from muso_exp.errors import ConfigError
from muso_exp.experiment.values import converted
from muso_exp.text import meant


def check_part_options(tree: Mapping[str, Any], constructor: type) -> None:
    """Raise ConfigError for an option of a part that there is not, or with a value out of range.

    Args:
        tree: plain arguments of the model.
        constructor: its class; one with parts says by `part_options` what each takes.
    """
    for name, known in _part_options(constructor).items():
        for part, given in (tree.get(name) or {}).items():
            place = f"model.{name}.{part}"
            if part not in known:
                raise ConfigError(f"{place}: there is no such part; {meant(part, list(known))}")
            for option, value in given.items():
                if option not in known[part]:
                    fix = meant(option, list(known[part]))
                    raise ConfigError(f"{place}.{option}: there is no such option; {fix}")
                converted(f"{place}.{option}", value, known[part][option])


def refuse_unread(
    tree: Mapping[str, Any], constructor: type, place: str, given_keys: Sequence[str]
) -> None:
    """Raise ConfigError for an option that the command line sets of a part that is left out.

    An experiment may set options of more parts than a run names.

    Args:
        tree: plain arguments of the model.
        constructor: its class.
        place: where a key of the model is overridden: `model`.
        given_keys: what the command line sets.
    """
    parts = list(tree.get("parts") or ())
    for name in _part_options(constructor) if parts else ():
        for key in given_keys:
            above, _, rest = key.partition(f"{place}.{name}.")
            if not above and rest and (part := rest.partition(".")[0]) not in parts:
                raise ConfigError(
                    f"{key}: nothing reads it; {part} is not in {place}.parts=[{','.join(parts)}]"
                )


def option_names(constructor: type) -> Iterator[str]:
    """Yield the places of the options of a model's parts, below the model."""
    for name, known in _part_options(constructor).items():
        yield from (f"{name}.{part}.{option}" for part in known for option in known[part])


def _part_options(constructor: type) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Return argument -> part -> option -> its type; nothing of a model without parts."""
    ask = getattr(constructor, "part_options", None)
    return ask() if ask else {}
