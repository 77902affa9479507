"""How much memory is free, how many cores; refusing work that needs more; arrays in files."""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from muso_exp.errors import ConfigError

GIB = 2**30
LARGE = 2**24  # bytes from which an array goes to a file, where it should
_FOLDER: ContextVar[Path | None] = ContextVar("folder", default=None)


def available_memory() -> int | None:
    """Return the bytes of memory that are free for this process; None if unknown.

    Of the machine, of the container, and of the process' own share (`limit_data`) the least.
    """
    found = [_meminfo(), _cgroup_left(), _own_left()]
    return min((bytes_ for bytes_ in found if bytes_ is not None), default=None)


def usable_cores() -> int:
    """Return how many cores this process may use, those of its container or job."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def require_memory(needed: float, what: str, fix: str, max_gib: float | None = None) -> None:
    """Refuse work that needs more memory than is free or may be taken, before it is begun.

    Args:
        needed: bytes, an estimate.
        what: needs them.
        fix: how to need less.
        max_gib: that the user lets a model take, in GiB.

    Raises:
        ConfigError: fewer bytes are free, or may be taken.
    """
    if max_gib is not None and needed > max_gib * GIB:
        raise ConfigError(
            f"{what} would take {needed / GIB:.1f} GiB, more than model.max_gib={max_gib:g}; "
            f"raise that, or {fix}"
        )
    free = available_memory()
    if free is not None and needed > free:
        raise ConfigError(
            f"{what} needs about {needed / GIB:.1f} GiB of memory, and {free / GIB:.1f} GiB are "
            f"free; {fix}"
        )


def limit_data(n_bytes: int) -> None:
    """Let this process write to so many bytes beside those that it may write to already (Linux).

    What asks for more gets a MemoryError.
    """
    limit = _data_size() + n_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextmanager
def arrays_on_disk(folder: Path) -> Iterator[None]:
    """Let `new_array` put large arrays into files in a folder, mapped into memory, in this block.

    A file has no name any more, and its space is free again, once its array is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def on_disk() -> bool:
    """Return whether large arrays go to files here."""
    return _FOLDER.get() is not None


def new_array(size: int, dtype: DTypeLike) -> np.ndarray:
    """Return an array (size,) to be filled, in memory or in a file, see `arrays_on_disk`.

    Raises:
        OSError: the disk has not so much space.
    """
    folder, n_bytes = _FOLDER.get(), int(size) * np.dtype(dtype).itemsize
    if folder is None or n_bytes < LARGE:
        return np.empty(size, dtype)
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(file.fileno(), 0, n_bytes)  # a full disk is an error here, no SIGBUS
        else:
            file.truncate(n_bytes)
        return np.memmap(file, dtype, "r+", shape=(int(size),))


def _meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(sizes[0]) * 1024 if sizes else None


def _cgroup_left() -> int | None:
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="utf-8").strip()
        used = (folder / "memory.current").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(limit) - int(used) if limit != "max" else None


def _own_left() -> int | None:
    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY:
        return None
    try:
        return max(soft - _data_size(), 0)
    except OSError:
        return None


def _data_size() -> int:
    """Return the bytes that this process may write to already."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
