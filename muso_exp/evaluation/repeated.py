"""A run beside its repetition: which numbers differ, and what differs of how they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from muso_exp.errors import ConfigError
from muso_exp.redaction import HIDDEN

# Where a run lies and how it is shown: a repetition has its own.
_OWN = ("hydra.", "paths.", "logger", "rerun=", "ckpt=", "sweep=", "trial=", "callbacks.progress")


def overrides_again(record: Mapping[str, Any]) -> list[str]:
    """Return the overrides by which a run, of a sweep too, is run again on its own.

    Args:
        record: metrics.json.

    Raises:
        ConfigError: one holds a secret that was not written down.
    """
    kept = [one for one in record.get("overrides", []) if not one.lstrip("+~").startswith(_OWN)]
    for one in kept:
        if HIDDEN in one:
            raise ConfigError(f"{one}: a secret was left out of what this run kept; run it by hand")
    return [*kept, "hydra.mode=RUN", "rerun=true"]


def different_metrics(
    then: Mapping[str, Any], now: Mapping[str, Any]
) -> list[tuple[str, float | None, float | None]]:
    """Return (metric, value then, value now) of each that differs, in the last digit too.

    Args:
        then: metrics.json of the run.
        now: that of its repetition.
    """
    names = dict.fromkeys([*then["metrics"], *now["metrics"]])
    pairs = [(name, then["metrics"].get(name), now["metrics"].get(name)) for name in names]
    return [(name, one, other) for name, one, other in pairs if one != other]


def different_making(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (what, then, now) of all that made the runs and differs: data, code, machine.

    Args:
        then: metrics.json of the run.
        now: that of its repetition.
    """
    before, after = dict(_making(then)), dict(_making(now))
    names = dict.fromkeys([*before, *after])
    return [
        (name, before.get(name, "not kept"), after.get(name, "not kept"))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _making(record: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "data fingerprint", str(record["data"].get("fingerprint"))
    for part, values in (record.get("manifest") or {}).items():
        for name, value in values.items():
            yield f"{part} {name}", str(value)
