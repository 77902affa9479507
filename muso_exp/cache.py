"""Prepared files: named by what made them, written whole or not at all."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from muso_exp.errors import ConfigError


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
    """Return the folder `cache/key`, filled by `write` if it is not there yet.

    Of several processes that ask at once, one writes and the others wait for it. A reader never
    sees a partial folder: it is written under another name, synced to disk and renamed.

    Raises:
        ConfigError: the cache cannot be written.
    """
    target = cache / key
    if target.is_dir():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{key}.lock"):
            if not target.is_dir():
                _write_whole(target, write)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"paths.cache={cache}: cannot be written: {reason}") from error
    return target


def cached_file(cache: Path, key: str, name: str, write: Callable[[Path], None]) -> Path:
    """Return the file `cache/key/name`, written by `write` if it is not there yet."""
    return cached_folder(cache, key, lambda folder: write(folder / name)) / name


def _write_whole(target: Path, write: Callable[[Path], None]) -> None:
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)  # left by a killed process
    partial.mkdir()
    try:
        write(partial)
        for path in [*partial.rglob("*"), partial]:
            _sync(path)
        partial.rename(target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
