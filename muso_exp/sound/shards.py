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
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from muso_exp.cache import remove
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


def write_shards(
    tracks: pd.DataFrame,
    folder: Path,
    options: ClipOptions,
    workers: int,
    limits: Limits,
) -> pd.DataFrame:
    """Write the clips of the tracks as shards, going on after those that are there.

    Args:
        tracks: `track_id` and `path` of each sound file.
        folder: where shards and their tables are written.
        options: what a clip is.
        workers: processes that decode.
        limits: of each file.

    Returns:
        A row per track: COLUMNS; `code` is "" for a clip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    per_shard = max(SHARD_BYTES // (2 * options.n_samples), 1)
    shards = [
        _Shard(number, first, min(per_shard, len(tracks) - first), folder)
        for number, first in enumerate(range(0, len(tracks), per_shard))
    ]
    missing = [shard for shard in shards if not _is_whole(shard, options)]
    n_missing = sum(shard.n_rows for shard in missing)
    with _progress() as progress:
        bar = progress.add_task("decode", total=len(tracks), completed=len(tracks) - n_missing)
        for _ in _fill(tracks, missing, options, min(workers, n_missing), limits):
            progress.advance(bar)
    return pd.concat([pd.read_parquet(shard.table) for shard in shards], ignore_index=True)


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
    tracks: pd.DataFrame, shards: list[_Shard], options: ClipOptions, workers: int, limits: Limits
) -> Iterator[None]:
    """Write the shards; yield after each track."""
    found: dict[str, dict[int, ClipFacts | Failure]] = {}
    by_name = {str(shard.samples): shard for shard in shards}
    tasks = _tasks(tracks, shards, options)
    for (_, name, row), result in run_each(partial(write_clip, options), tasks, workers, limits):
        rows = found.setdefault(name, {})
        rows[row] = result
        if len(rows) == by_name[name].n_rows:
            _finish(by_name[name], tracks, found.pop(name))
        yield


def _tasks(
    tracks: pd.DataFrame, shards: list[_Shard], options: ClipOptions
) -> Iterator[tuple[str, str, int]]:
    """Yield file, shard and row of each track; make each shard when its turn comes."""
    for shard in shards:
        _reserve(shard.samples, (shard.n_rows, options.n_samples))
        for row in range(shard.n_rows):
            yield str(tracks["path"].iloc[shard.first + row]), str(shard.samples), row


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
