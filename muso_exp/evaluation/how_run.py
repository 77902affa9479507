"""How a run was made, as lines of its report: code, versions, machine, cost of each phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def how_run(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the manifest of a run as (name, value) pairs; [] of a run of before there was one.

    Args:
        record: metrics.json.
    """
    manifest = record.get("manifest")
    if not manifest:
        return []
    code, machine = manifest["code"], manifest["machine"]
    commit = code["commit"] or "none: an installed package, or no git here"
    changed = f", with changes (difference {code['diff']})" if code["dirty"] else ""
    return [
        ("commit", f"{commit}{changed}"),
        ("requirements.lock", code["lock"] or "not there"),
        ("versions", _pairs(manifest["versions"])),
        (
            "machine",
            f"{machine['system']}, {machine['processor']}, {machine['cores']} cores, "
            f"{machine['memory_gib']} GiB, accelerators: {_listed(machine['accelerators'])}",
        ),
        ("threads", _pairs(manifest["threads"])),
        *((f"phase {name}", _cost(record, name)) for name in record["seconds"]),
    ]


def _cost(record: Mapping[str, Any], phase: str) -> str:
    peak = record.get("peak_mib", {}).get(phase)
    energy = record.get("energy_joules", {}).get(phase)
    cpu = record.get("cpu_seconds", {}).get(phase)
    parts = [f"{record['seconds'][phase]:.1f} s"]
    parts += [] if cpu is None else [f"{cpu:.1f} s of processors"]
    parts += [] if peak is None else [f"peak {peak:.0f} MiB"]
    parts += [] if energy is None else [f"{energy:.0f} J (of the whole machine)"]
    return ", ".join(parts)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
