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
_NO_LIMIT = 2**60  # bytes; where version 1 of groups has no limit it says nearly 2**63
LARGE = 2**24  # bytes from which an array goes to a file, where it should
_FOLDER: ContextVar[Path | None] = ContextVar("folder", default=None)


def available_memory() -> int | None:
    """Return the bytes of memory that are free for this process; None if unknown.

    Of the machine, of the groups of the process (container, job), and of its own share
    (`limit_data`) the least.
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


def _cgroup_left(
    mount: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> int | None:
    """Return the bytes that the groups of this process may still take, the least of them.

    These are its own group (a container, a job of SLURM, a unit of systemd) and all around it: each
    may have a limit. Files in memory that were not read lately do not count, the system drops them.
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    left: list[int] = []
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if not controllers:
            left += _groups_left(mount, place, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            left += _groups_left(mount / "memory", place, *names)
    return min(left, default=None)


def _groups_left(root: Path, place: str, limit: str, usage: str, droppable: str) -> Iterator[int]:
    """Yield what each group that has a limit may still take, from a place up to the root.

    Args:
        root: where groups are mounted.
        place: of the group below; in a container it may be one of the machine, not found here.
        limit: file with the bytes that a group may take.
        usage: file with the bytes that it takes.
        droppable: name, in memory.stat, of the bytes of files in it that can be dropped.
    """
    group = root / place.lstrip("/")
    if ".." in group.parts or not group.is_dir():
        group = root
    for folder in [group, *group.parents][: len(group.relative_to(root).parts) + 1]:
        most, taken = _number(folder / limit), _number(folder / usage)
        if most is not None and taken is not None and most < _NO_LIMIT:
            yield max(most - max(taken - _dropped(folder / "memory.stat", droppable), 0), 0)


def _number(path: Path) -> int | None:
    """Return the number in a file; None where it holds none (`max`) or is not there."""
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _dropped(stat: Path, name: str) -> int:
    """Return the bytes of one line of memory.stat, 0 where there is none."""
    try:
        lines = stat.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0)


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
