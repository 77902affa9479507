"""Energy that the machine itself counts: processors by RAPL, NVIDIA's accelerators by NVML.

Both count what the whole machine takes, other programs included. A machine that reports nothing, or
only to its administrator, has none.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

POWERCAP = Path("/sys/class/powercap")
_MICRO, _MILLI = 1e-6, 1e-3


def joules(root: Path = POWERCAP) -> dict[str, float]:
    """Return counter -> joules since some moment of its own; {} where the machine reports nothing.

    Args:
        root: where Linux shows the counters of processors.
    """
    return {**_processors(root), **_accelerators()}


def spent(
    before: Mapping[str, float], after: Mapping[str, float], root: Path = POWERCAP
) -> float | None:
    """Return the joules between two readings; None where no counter was read in both.

    Args:
        before: of `joules`.
        after: of `joules`, later; a counter of a processor that is at its end begins again from 0.
        root: as of `joules`.
    """
    both = before.keys() & after.keys()
    if not both:
        return None
    return sum(_difference(name, before[name], after[name], root) for name in both)


def _difference(name: str, before: float, after: float, root: Path) -> float:
    if after >= before:
        return after - before
    highest = _read(root / name / "max_energy_range_uj")
    return after - before + highest * _MICRO if highest is not None else 0.0


def _processors(root: Path) -> dict[str, float]:
    """Return the counters of whole processors; those of their parts (`:0:1`) are in them."""
    found = {}
    for folder in sorted(root.glob("intel-rapl:*")):
        counted = _read(folder / "energy_uj") if folder.name.count(":") == 1 else None
        if counted is not None:
            found[folder.name] = counted * _MICRO
    return found


def _read(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, not for this user, or no number
        return None


def _accelerators() -> dict[str, float]:
    nvml = _nvml()
    found: dict[str, float] = {}
    if nvml is None:
        return found
    number = ctypes.c_uint()
    if nvml.nvmlDeviceGetCount_v2(ctypes.byref(number)) != 0:
        return found
    for place in range(number.value):
        device, counted = ctypes.c_void_p(), ctypes.c_ulonglong()
        is_there = nvml.nvmlDeviceGetHandleByIndex_v2(place, ctypes.byref(device)) == 0
        if (
            is_there
            and nvml.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(counted)) == 0
        ):
            found[f"nvml:{place}"] = counted.value * _MILLI
    return found


@cache
def _nvml() -> Any:
    """Return NVIDIA's library, ready to be asked; None where there is none."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return library if library.nvmlInit_v2() == 0 else None
