"""Prepared files: named by what made them, written whole or not at all, made anew if damaged."""

import hashlib
import json
import logging
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from muso_exp.errors import ConfigError

log = logging.getLogger(__name__)

MANIFEST = ".manifest.json"  # of an entry: size, time of change and sha256 of each file in it
SMALL = 2**16  # bytes of a file that is hashed at every hit


def cache_key(name: str, version: int, params: Mapping[str, Any], fingerprint: str = "") -> str:
    """Return the name of a cached result: readable, then 16 digits of its hash.

    Args:
        name: the function that makes it.
        version: of the function; raised whenever its output changes.
        params: its arguments; plain numbers, strings, lists.
        fingerprint: of the data that it reads, "" where it reads none.
    """
    content = json.dumps([name, version, dict(params), fingerprint], sort_keys=True)
    return f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def cached_folder(cache: Path, key: str, write: Callable[[Path], None]) -> Path:
    """Return the folder `cache/key`, filled by `write` if it is not there yet, or damaged.

    Of several processes that ask at once, one writes and the others wait for it. A reader never
    sees a partial folder: it is written under another name, synced to disk and renamed.

    At a hit each file must have its size. It is hashed too (about 1 s per GiB) where its time of
    change is another than when it was written, or where it has at most 64 KiB; so damage to a
    large file that leaves size and time as they were (of the disk itself) is not seen.

    Raises:
        ConfigError: the cache cannot be written.
    """
    target = cache / key
    if _damage(target) == "":
        return target
    with written_to(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{key}.lock"):
            damage = _damage(target)
            if damage:
                log.warning("%s: damaged (%s); it is made anew", target, damage)
            if damage != "":
                write_whole(target, lambda folder: _write_entry(folder, write))
    return target


@contextmanager
def written_to(cache: Path) -> Iterator[None]:
    """Say that the cache cannot be written where a block that writes to it fails.

    Raises:
        ConfigError: it cannot.
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error  # Arrow has words of its own
        raise ConfigError(f"paths.cache={cache}: cannot be written: {reason}") from error


def find_cached(cache: Path, key: str) -> Path | None:
    """Return the folder `cache/key` if it is there and sound; None otherwise."""
    return cache / key if _damage(cache / key) == "" else None


def cached_file(cache: Path, key: str, name: str, write: Callable[[Path], None]) -> Path:
    """Return the file `cache/key/name`, written by `write` if it is not there yet, or damaged."""
    return cached_folder(cache, key, lambda folder: write(folder / name)) / name


def write_whole(target: Path, write: Callable[[Path], None]) -> None:
    """Fill the folder `target` by `write`, in place of whatever is there; whole or not at all."""
    partial = target.with_name(target.name + ".partial")
    remove(partial)  # left by a killed process
    partial.mkdir()
    try:
        write(partial)
        for path in [*partial.rglob("*"), partial]:
            _sync(path)
        if os.path.lexists(target):
            old = target.with_name(target.name + ".damaged")
            remove(old)
            target.rename(old)  # who has it open reads on
            partial.rename(target)
            remove(old)
        else:
            partial.rename(target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def file_hash(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_entry(folder: Path, write: Callable[[Path], None]) -> None:
    write(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    _write_manifest(folder, {path.relative_to(folder).as_posix(): _facts(path) for path in files})


def _facts(path: Path) -> list[Any]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, file_hash(path)]


def _write_manifest(folder: Path, known: Mapping[str, list[Any]]) -> None:
    partial = folder / f"{MANIFEST}.{os.getpid()}"
    partial.write_text(json.dumps(known), encoding="utf-8")
    partial.replace(folder / MANIFEST)


def _damage(target: Path) -> str | None:
    """Return what is wrong with an entry: "" for nothing, None where there is no entry."""
    if not os.path.lexists(target):
        return None
    try:
        known = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        touched = {name: _touched(target / name, *facts) for name, facts in known.items()}
    except OSError as error:
        name = Path(error.filename or target).name
        return f"{name}: {error.strerror}"
    except _Changed as error:
        return str(error)
    except (ValueError, TypeError, AttributeError):
        return f"{MANIFEST}: cannot be read"
    if any(touched.values()):  # copied, say: so that it is not hashed again at the next hit
        renewed = {name: [size, (target / name).stat().st_mtime_ns, digest]
                   for name, (size, _, digest) in known.items()}  # fmt: skip
        try:
            _write_manifest(target, renewed)
        except OSError:
            log.debug("%s: is not writable", target)
    return ""


class _Changed(Exception):
    """A file is not as it was written."""


def _touched(path: Path, size: int, changed: int, digest: str) -> bool:
    """Return whether a file has another time of change; raise `_Changed` if it is another file."""
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        raise _Changed(f"{path.name}: no file")
    if state.st_size != size:
        raise _Changed(f"{path.name}: {state.st_size} bytes of {size}")
    touched = state.st_mtime_ns != changed
    if (touched or size <= SMALL) and file_hash(path) != digest:
        raise _Changed(f"{path.name}: another content")
    if not os.access(path, os.R_OK):
        raise _Changed(f"{path.name}: cannot be read")
    return touched


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
