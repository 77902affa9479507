"""Writing the shards of an audio store, in steps that a later build goes on after."""

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from muso_exp.cache import remove
from muso_exp.errors import ConfigError
from muso_exp.opening import DAMAGED_ARRAY
from muso_exp.sound.clips import ClipFacts, ClipOptions, write_clip
from muso_exp.sound.workers import Failure, Limits, run_each

log = logging.getLogger(__name__)

VERSION = 1  # of the store; raised whenever its content changes
SHARD_BYTES = 2**31  # 160 files for 500,000 clips; one that is lost costs a minute
COLUMNS = [
    "track_id", "path", "code", "detail", "shard", "row", "seconds", "start", "n_filled", "digest",
]  # fmt: skip
_NO_CLIP = {"seconds": np.nan, "start": np.nan, "n_filled": 0, "digest": ""}


@dataclass
class _Shard:
    """A shard in the making: rows `first` to `first + n_rows` of the tracks."""

    number: int
    first: int
    n_rows: int
    folder: Path

    @property
    def samples(self) -> Path:
        return self.folder / f"{self.number:05d}.npy"

    @property
    def table(self) -> Path:
        """Return the file that says, once it is there, that the shard is whole."""
        return self.folder / f"{self.number:05d}.parquet"

    @property
    def lock(self) -> FileLock:
        """Return the lock of who writes it; parts of one store are written at the same time."""
        return FileLock(self.folder / f"{self.number:05d}.lock")


def write_shards(
    tracks: pd.DataFrame,
    folder: Path,
    options: ClipOptions,
    workers: int,
    limits: Limits,
    part: tuple[int, int] = (1, 1),
) -> pd.DataFrame:
    """Write the clips of the tracks as shards, going on after those that are there.

    Args:
        tracks: `track_id` and `path` of each sound file.
        folder: where shards and their tables are written.
        options: what a clip is.
        workers: processes that decode.
        limits: of each file.
        part: (k, n): of the n parts of the shards, the kth alone.

    Returns:
        A row per track of the part: COLUMNS; `code` is "" for a clip.

    Raises:
        ConfigError: more parts than shards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards = _planned(tracks, folder, options)
    which, n_parts = part
    if n_parts > len(shards):
        size = f"{len(tracks)} clips fill {len(shards)} of {SHARD_BYTES / 2**30:g} GiB"
        raise ConfigError(f"store.part={which}/{n_parts}: {size}; so many parts at most")
    shards = shards[which - 1 :: n_parts]
    with _progress() as progress:
        bar = progress.add_task("decode", total=sum(shard.n_rows for shard in shards))
        for shard in shards:
            with shard.lock:
                if _is_whole(shard, options):
                    progress.advance(bar, shard.n_rows)
                    continue
                for _ in _fill(tracks, shard, options, workers, limits):
                    progress.advance(bar)
    return pd.concat([pd.read_parquet(shard.table) for shard in shards], ignore_index=True)


def count_shards(tracks: pd.DataFrame, folder: Path, options: ClipOptions) -> tuple[int, int]:
    """Return how many shards are written, and how many there will be."""
    shards = _planned(tracks, folder, options)
    return sum(shard.table.exists() for shard in shards), len(shards)


def _planned(tracks: pd.DataFrame, folder: Path, options: ClipOptions) -> list[_Shard]:
    per_shard = max(SHARD_BYTES // (2 * options.n_samples), 1)
    return [
        _Shard(number, first, min(per_shard, len(tracks) - first), folder)
        for number, first in enumerate(range(0, len(tracks), per_shard))
    ]


def _is_whole(shard: _Shard, options: ClipOptions) -> bool:
    """Return whether a shard was written by an earlier build and holds what was written."""
    if not shard.table.exists():
        return False
    try:
        clips = pd.read_parquet(shard.table)
        samples = np.lib.format.open_memmap(shard.samples, mode="r")
        good = clips[clips["code"] == ""]
        digests = (hashlib.sha256(samples[row]).hexdigest() for row in good["row"])
        whole = len(clips) == shard.n_rows and samples.shape == (shard.n_rows, options.n_samples)
        whole = whole and list(good["digest"]) == list(digests)
    except (*DAMAGED_ARRAY, KeyError, IndexError):
        whole = False
    if not whole:
        log.warning("%s: damaged; it is made anew", shard.samples)
        remove(shard.table)
        remove(shard.samples)
    return whole


def _progress() -> Progress:
    """Return a bar on standard error, shown on a terminal only."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )


def _fill(
    tracks: pd.DataFrame, shard: _Shard, options: ClipOptions, workers: int, limits: Limits
) -> Iterator[None]:
    """Write a shard; yield after each track."""
    _reserve(shard.samples, (shard.n_rows, options.n_samples))
    paths = tracks["path"].iloc[shard.first : shard.first + shard.n_rows]
    tasks = [(str(path), str(shard.samples), row) for row, path in enumerate(paths)]
    found: dict[int, ClipFacts | Failure] = {}
    write = partial(write_clip, options)
    for (_, _, row), result in run_each(write, tasks, min(workers, len(tasks)), limits):
        found[row] = result
        yield
    _finish(shard, tracks, found)


def _reserve(path: Path, shape: tuple[int, int]) -> None:
    """Make an int16 .npy file; a full disk is found here, for writing to the map would kill."""
    np.lib.format.open_memmap(path, "w+", np.int16, shape).flush()
    if hasattr(os, "posix_fallocate"):  # not on every system
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _finish(shard: _Shard, tracks: pd.DataFrame, found: dict[int, ClipFacts | Failure]) -> None:
    """Sync a shard to disk, then rename its table into place."""
    rows = []
    for row in range(shard.n_rows):
        result = found[row]
        bad = isinstance(result, Failure)
        track = tracks.iloc[shard.first + row]
        place = {"shard": shard.number, "row": row}
        good = {"code": "", "detail": "", **asdict(result)}
        rows.append(
            {"track_id": str(track["track_id"]), "path": str(track["path"]), **place}
            | (asdict(result) | _NO_CLIP if bad else good)
        )
    with shard.samples.open("r+b") as file:
        os.fsync(file.fileno())
    partial_table = shard.table.with_suffix(".partial")
    pd.DataFrame(rows)[COLUMNS].to_parquet(partial_table)
    partial_table.replace(shard.table)
