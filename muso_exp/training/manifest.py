"""What a run was made by: code, versions, machine, threads, and what each phase cost."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from muso_exp.memory import usable_cores
from muso_exp.training.energy import joules, spent

PACKAGE = Path(__file__).parent.parent
LIBRARIES = (
    *("torch", "pytorch-lightning", "torchmetrics", "numpy", "scipy", "scikit-learn", "pandas"),
    *("implicit", "librosa", "numba", "mlflow", "hydra-core", "optuna"),
)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PATIENCE = 10.0  # seconds for git to answer


@dataclass
class Costs:
    """What each phase of a run took.

    Attributes:
        seconds: of wall time, by phase.
        cpu_seconds: of all cores, in the phase, with those of processes that ended in it.
        peak_mib: most memory of this process in the phase, in MiB, where the system reports it.
        energy_joules: of the machine in the phase, where the machine reports it.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)
    energy_joules: dict[str, float] = field(default_factory=dict)

    def measured(self) -> dict[str, dict[str, float]]:
        """Return CPU, memory and energy by phase, for metrics.json; what is unknown is absent."""
        found = {"cpu_seconds": dict(self.cpu_seconds), "peak_mib": dict(self.peak_mib)}
        return found | ({"energy_joules": dict(self.energy_joules)} if self.energy_joules else {})

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a block; one that raises is not kept."""
        reset, started, before = _reset_peak(), time.monotonic(), joules()
        cpu = _cpu_seconds()
        yield
        self.seconds[name] = time.monotonic() - started
        self.cpu_seconds[name] = round(_cpu_seconds() - cpu, 2)
        energy = spent(before, joules()) if before else None
        if energy is not None:
            self.energy_joules[name] = round(energy, 1)
        peak = _peak_mib()
        if reset and peak is not None:
            self.peak_mib[name] = round(peak, 1)


def _cpu_seconds() -> float:
    """Return the seconds of processors that this process and its ended children took."""
    return sum(os.times()[:4])


@cache
def manifest() -> dict[str, Any]:
    """Return what does not change while the process runs.

    Returns:
        code: commit, whether files differ from it, hash of the difference (None outside of git),
        hash of requirements.lock; versions; machine; threads.
    """
    return {
        "code": _code(PACKAGE.parent),
        "versions": _versions(),
        "machine": _machine(),
        "threads": {
            "torch": torch.get_num_threads(),
            **{name: os.environ[name] for name in THREADS if name in os.environ},
        },
    }


def _code(root: Path) -> dict[str, Any]:
    """Return the state of the sources; a package that is installed has no commit."""
    lock = root / "requirements.lock"
    hashed = _hash(lock.read_bytes()) if lock.is_file() else None
    commit = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    if commit is None:
        return {"commit": None, "dirty": None, "diff": None, "lock": hashed}
    diff = _git(root, "diff", "HEAD") or b""
    return {
        "commit": commit.decode().strip(),
        "dirty": bool(diff),
        "diff": _hash(diff) if diff else None,
        "lock": hashed,
    }


def _git(root: Path, *args: str) -> bytes | None:
    """Return what git says of a folder; None where it is not there, or refuses."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *args], capture_output=True, check=True, timeout=_PATIENCE
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("muso_exp", *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _machine() -> dict[str, Any]:
    """Return processor, cores that this process may use, memory in GiB, and accelerators."""
    gpus = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "accelerators": gpus,
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _reset_peak() -> bool:
    """Let the system forget the peak so far; return whether it did (Linux)."""
    try:
        _RESET.write_text("5")
    except OSError:
        return False
    return True


def _peak_mib() -> float | None:
    """Return the most memory that this process has held since the last reset, in MiB."""
    if not sys.platform.startswith("linux"):
        return None
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) / 1024 if found else None


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]
