"""The spectra of many sound files, in the cache."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track as progress

from muso_exp.cache import cache_key, cached_folder
from muso_exp.errors import DataFormatError
from muso_exp.sound.spectrum_task import SpectrumReading, read_task
from muso_exp.sound.store import files_fingerprint, why
from muso_exp.sound.workers import Failure, Limits, run_each

VERSION = 1  # raised whenever a spectrum changes


@dataclass(frozen=True)
class ComputedSpectra:
    """Spectra of sound files.

    Attributes:
        values: a memory map, float32 (n_good, n_bins), in the order of the tracks.
        index: track_id and seconds (that the spectrum is of) of each row.
        quarantine: track_id, path, code and detail of each file that cannot be used.
    """

    values: np.ndarray
    index: pd.DataFrame
    quarantine: pd.DataFrame


def compute_spectra(
    tracks: pd.DataFrame, cache: Path, options: SpectrumReading, workers: int
) -> ComputedSpectra:
    """Return the spectra of sound files, computed once; later calls find them.

    Args:
        tracks: `track_id` and `path`.
        cache: folder for prepared files.
        options: which part of a file, and what the spectrum is.
        workers: processes that compute.

    Raises:
        DataFormatError: no file that can be used.
        ConfigError: the cache cannot be written.
    """
    key = cache_key("spectra", VERSION, msgspec.to_builtins(options), files_fingerprint(tracks))

    def write(folder: Path) -> None:
        values, index, quarantine = _compute(tracks, options, workers)
        np.save(folder / "spectra.npy", values)
        index.to_parquet(folder / "index.parquet")
        quarantine.to_parquet(folder / "quarantine.parquet")

    folder = cached_folder(cache, key, write)
    index, quarantine = (
        pd.read_parquet(folder / name) for name in ("index.parquet", "quarantine.parquet")
    )
    return ComputedSpectra(np.load(folder / "spectra.npy", mmap_mode="r"), index, quarantine)


def _compute(
    tracks: pd.DataFrame, options: SpectrumReading, workers: int
) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Return spectra of the good files, their index, and the quarantine table."""
    values = np.empty((len(tracks), options.spectrum.n_bins), np.float32)
    seconds = np.full(len(tracks), np.nan)
    bad: dict[int, Failure] = {}
    for row, result in _each(tracks, options, workers):
        if isinstance(result, Failure):
            bad[row] = result
        else:
            values[row], seconds[row] = result
    good = np.setdiff1d(np.arange(len(tracks)), list(bad))
    index = tracks[["track_id"]].assign(seconds=seconds).iloc[good].reset_index(drop=True)
    rows = sorted(bad)
    quarantine = tracks[["track_id", "path"]].iloc[rows].reset_index(drop=True)
    quarantine["code"] = [bad[row].code for row in rows]
    quarantine["detail"] = [bad[row].detail for row in rows]
    if not len(good):
        reason = bad[rows[0]].detail
        if len(tracks) > 1:
            codes = f"none of the {len(tracks)} sound files can be used: {why(quarantine)}"
            reason = f"{codes}; the first {reason}"
        raise DataFormatError(quarantine["path"].iloc[0], reason)
    return (values if len(good) == len(values) else values[good]), index, quarantine


def _each(
    tracks: pd.DataFrame, options: SpectrumReading, workers: int
) -> Iterator[tuple[int, tuple[np.ndarray, float] | Failure]]:
    """Yield the number of each track and its result, in the order in which they end."""
    tasks = list(enumerate(tracks["path"].astype(str)))
    limits = Limits(memory=2**31)
    done = run_each(partial(read_task, options), tasks, min(workers, len(tasks)), limits)
    console = Console(stderr=True)  # standard output ends with the run's folder
    hidden = not console.is_terminal
    bar = progress(done, "spectra", len(tasks), transient=True, console=console, disable=hidden)
    for (row, _), result in bar:
        yield row, result


def typical_seconds(index: pd.DataFrame) -> float:
    """Return the median length of clips, NaN where it is not known (a ready matrix)."""
    return float(index["seconds"].median()) if "seconds" in index else math.nan
