"""Folders of runs and sweeps: refused, claimed and locked before anything is written into one."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from muso_exp.errors import ConfigError

LOCK = "run.lock"
CHECKPOINTS = "checkpoints"
HYDRAS = (".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml")
LOGS = ("run.log", "multirun.yaml", "sweep.json")
RANKS = ("RANK", "SLURM_PROCID", "NODE_RANK", "LOCAL_RANK")
_PATIENCE = 5.0  # seconds; a start that looks whether a run is alive holds its lock for a moment


@dataclass
class ClaimedFolder:
    """What this process made in a folder, or overwrites there.

    Attributes:
        lock: held until the run ends; the operating system frees it however the process ends.
        made: whether the folder itself was made by this process.
        resumed: whether it holds the run that goes on.
        kept: contents of that run's files that Hydra overwrites.
        begun: whether training began: nothing is removed from then on.
    """

    lock: FileLock
    made: bool
    resumed: bool
    kept: dict[Path, bytes] = field(default_factory=dict)
    begun: bool = False


_claims: dict[Path, ClaimedFolder] = {}


def is_worker() -> bool:
    """Return whether this process only trains for another one (`trainer=ddp`, rank above 0).

    The ranks are those that Lightning, torchrun or SLURM have given it, on whichever machine.
    """
    return any(int(os.environ.get(name) or 0) > 0 for name in RANKS)


def claim(
    place: str | Path, ckpt: str | None = None, *, hydra: bool = False, going_on: bool = False
) -> None:
    """Make a folder this process's own; a second claim by the same process changes nothing.

    Args:
        place: the folder; it is new or empty, or holds the stopped run that `ckpt` resumes.
        ckpt: checkpoint or run folder that is resumed.
        hydra: whether Hydra has made the folder for this process and written its files into it.
        going_on: whether it is known to hold the sweep that goes on.

    Raises:
        ConfigError: a file, a folder that holds something else, or one that a run is using.
    """
    folder = _at(place)
    if folder in _claims:
        return
    made = hydra or not folder.exists()
    resumed = going_on or _is_resumed(folder, ckpt)
    _check_contents(folder, resumed, hydra)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=_PATIENCE)
    try:
        lock.acquire()
        _check_contents(folder, resumed, hydra)  # another process may have been faster
    except (Timeout, FileNotFoundError) as error:
        raise ConfigError(f"{folder}: belongs to another run; name a new folder") from error
    except ConfigError:
        lock.release()
        raise
    paths = [folder / name for name in HYDRAS]
    kept = {path: path.read_bytes() for path in paths if resumed and path.is_file()}
    _claims[folder] = ClaimedFolder(lock, made, resumed, kept)


def _at(place: str | Path) -> Path:
    """Return the one name of a folder, with no `..` in it."""
    return Path(os.path.normpath(Path(place).absolute()))


def await_claim(place: str | Path, patience: float = 300.0) -> None:
    """Wait until the first process of this run has claimed its folder; a worker claims none.

    Args:
        place: the folder.
        patience: seconds.

    Raises:
        ConfigError: it has not.
    """
    deadline = time.monotonic() + patience
    while not (Path(place) / LOCK).exists():
        if time.monotonic() > deadline:
            raise ConfigError(
                f"{place}: not claimed by the first process of this run; processes on several "
                "machines are given one folder that they share: hydra.run.dir=..."
            )
        time.sleep(0.1)


def _is_resumed(folder: Path, ckpt: str | None) -> bool:
    """Return whether `ckpt` is of the run in this folder."""
    if not ckpt or not any((folder / CHECKPOINTS).glob("*.ckpt")):
        return False
    place, home = Path(ckpt).resolve(), folder.resolve()
    return (home / "run.log").is_file() and place in (home, *(home / CHECKPOINTS).iterdir())


def _check_contents(folder: Path, resumed: bool, hydra: bool) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigError(f"{folder}: not a folder; name a new one for the run")
    if resumed and (folder / "metrics.json").exists():
        raise ConfigError(f"{folder}: holds a finished run; resume it into a new folder")
    allowed = {LOCK, ".hydra", *LOGS} if hydra else {LOCK}
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in allowed)
    if foreign and not resumed:
        raise ConfigError(
            f"{folder}: not empty ({foreign[0]!r}); a run or sweep wants a new or empty folder"
        )


def begin() -> None:
    """Note that training begins: what stands in the claimed folders is of use from now on."""
    for held in _claims.values():
        held.begun = True


def abandon(*places: str | Path) -> None:
    """Remove what was made in folders where no training began, and free them; all if none is named.

    Files are removed by name, a folder only if this process made it and nothing else is in it.
    """
    for folder in [_at(place) for place in places] or list(_claims)[::-1]:
        held = _claims.get(folder)
        if held and not held.begun:
            _remove(folder, held)
        release(folder)


def _remove(folder: Path, held: ClaimedFolder) -> None:
    for path, content in held.kept.items():
        path.write_bytes(content)
    own = {LOCK, ".hydra", *LOGS}
    if held.resumed or any(path.name not in own for path in folder.iterdir()):
        return
    for name in (*HYDRAS, *LOGS, LOCK):
        (folder / name).unlink(missing_ok=True)
    for path in (folder / ".hydra", *([folder] if held.made else [])):
        with suppress(OSError):  # not there, or something of the user's is in it
            path.rmdir()


def release(place: str | Path) -> None:
    """Free a folder at the end of its run."""
    held = _claims.pop(_at(place), None)
    if held:
        held.lock.release()


def lock_tags(place: str | Path) -> dict[str, str]:
    """Return the tags by which a later start finds out whether a tracked run is alive."""
    return {"host": socket.gethostname(), "lock": str(_at(place) / LOCK)}


@contextmanager
def if_free(lock: str | Path) -> Iterator[bool]:
    """Hold the lock of another run for the block; the value is whether no process had it.

    A lock that is gone is free: it was there before its run was tracked. One that cannot be opened
    is taken.
    """
    probe = FileLock(lock, timeout=0)
    free = not Path(lock).is_file()
    if not free:
        with suppress(Timeout, OSError):
            probe.acquire()
            free = True
    try:
        yield free
    finally:
        probe.release()


def adopt(earlier: Path, folder: Path) -> None:
    """Give the folder of a sweep's run what an earlier run left, so that the table has its row."""
    own = shutil.ignore_patterns(CHECKPOINTS, ".hydra", "run.log", LOCK)
    shutil.copytree(earlier, folder, ignore=own, dirs_exist_ok=True)
