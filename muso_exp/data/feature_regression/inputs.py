"""What a model hears of a song: its spectrum, or windows of its waveform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from muso_exp.data.base import BatchDataset
from muso_exp.data.feature_regression.sources import Songs
from muso_exp.data.feature_regression.splits import SpectrumRows, fit_inputs
from muso_exp.data.sound.windows import Crops, EpochBatches, Windows
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.tracks import Scaling
from muso_exp.sound.spectra import compute_spectra, typical_seconds
from muso_exp.sound.spectrum_task import SpectrumReading
from muso_exp.sound.store import AudioStore, StoreOptions, build_store

INPUTS = ("spectrum", "waveform")


class SpectrumInputs:
    """Spectra, each bin standardised by the train songs.

    Args:
        options: which part of a file, and what its spectrum is.
        workers: processes that compute spectra.
        num_workers: processes that make batches.
    """

    spectra = True

    def __init__(self, options: SpectrumReading, workers: int, num_workers: int) -> None:
        self.options, self.workers, self.num_workers = options, workers, num_workers

    @property
    def dims(self) -> dict[str, int | str | list[int]]:
        """Return what a model must know of the inputs."""
        return {"n_inputs": self.options.spectrum.n_bins}

    def open(self, songs: Songs, cache: Path) -> np.ndarray:
        """Take up the songs; return which of them can be used, shape (n_songs,)."""
        if songs.values is None:
            raise ValueError("songs without spectra; read them with spectra=True")
        self.values, self.rows = songs.values, songs.rows
        self.seconds = typical_seconds(songs.table)
        return np.ones(len(songs.rows), dtype=bool)

    def fit(self, train: np.ndarray) -> None:
        """Fit the scaling of the inputs on the train songs.

        Raises:
            DataFormatError: no bin differs between two of them.
        """
        self.scaling = fit_inputs(self.values, self.rows[train])
        if not (self.scaling.span > 0).any():
            raise DataFormatError("spectra", "every bin has one value in all train songs")

    @property
    def constant(self) -> int:
        """Return how many inputs never change among the train songs."""
        return int((self.scaling.span == 0).sum())

    def part(self, rows: np.ndarray, target: Tensor) -> BatchDataset:
        """Return some songs for evaluation."""
        return SpectrumRows(self.values, self.rows[rows], self.scaling, target)

    def training(
        self, rows: np.ndarray, target: Tensor, batch_size: int, seed: int, epoch: Callable
    ) -> DataLoader:
        """Return the train songs, shuffled anew each epoch."""
        part = self.part(rows, target)
        batches = BatchSampler(RandomSampler(part), batch_size or len(rows), drop_last=False)
        return DataLoader(part, sampler=batches, batch_size=None, num_workers=self.num_workers)

    def state(self) -> dict[str, Any]:
        """Return what was fitted, for a checkpoint."""
        scaling = {
            "how": self.scaling.how,
            "shift": torch.from_numpy(self.scaling.shift),  # float32 stays float32
            "span": torch.from_numpy(self.scaling.span),
        }
        return {"scaling": scaling, "seconds": self.seconds}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave."""
        self.scaling, self.seconds = Scaling.from_state(state["scaling"]), state["seconds"]

    def of_files(self, files: pd.DataFrame, cache: Path) -> NewInputs:
        """Return new sound files as inputs.

        Of files that are longer than what the model learned from, as much is taken: what a bin
        holds depends on the length.
        """
        options = self.options
        if options.seconds is None and np.isfinite(self.seconds):
            options = replace(options, seconds=max(self.seconds, options.spectrum.min_seconds))
        found = compute_spectra(files, cache, options, self.workers)
        rows = np.arange(len(found.index))
        part = SpectrumRows(found.values, rows, self.scaling, _no_target(len(rows)))
        return NewInputs(part, found.index, found.quarantine)


class WaveformInputs:
    """Windows of the waveform from an audio store: random crops in training, as in `AudioData`.

    Args:
        options: of the store.
        n_samples: length of a window.
        n_windows: windows of a song that a prediction is averaged over, at most.
        num_workers: processes that make batches.

    Raises:
        ConfigError: windows longer than the clips.
    """

    spectra = False
    constant = 0

    def __init__(
        self, options: StoreOptions, n_samples: int, n_windows: int, num_workers: int
    ) -> None:
        whole = options.clip.n_samples // max(n_samples, 1)
        if n_samples < 1 or n_windows < 1 or whole < 1:
            raise ConfigError(
                f"dataset.n_samples={n_samples}, eval_windows={n_windows}: at least 1, and windows "
                f"no longer than a clip of {options.seconds} s at {options.sample_rate} Hz"
            )
        self.options, self.n_samples = options, n_samples
        self.n_windows, self.num_workers = min(n_windows, whole), num_workers

    @property
    def dims(self) -> dict[str, int | str | list[int]]:
        """Return what a model must know of the inputs."""
        return {
            "head": "regression",
            "sample_rate": self.options.sample_rate,
            "n_samples": self.n_samples,
        }

    def open(self, songs: Songs, cache: Path) -> np.ndarray:
        """Decode the songs; return which of them can be used, shape (n_songs,)."""
        files = songs.table.rename(columns={"id": "track_id"})
        self.store = build_store(files, cache, self.options)
        place = pd.Series(np.arange(len(self.store)), index=self.store.index["track_id"])
        good = files["track_id"].isin(place.index).to_numpy()
        self.clips = place[files["track_id"][good]].to_numpy()
        return good

    def fit(self, train: np.ndarray) -> None:
        """Fit nothing: networks on sound scale what they hear themselves."""

    def part(self, rows: np.ndarray, target: Tensor) -> BatchDataset:
        """Return the consecutive windows of some songs."""
        return self._windows(self.store, self.clips[rows], target)

    def training(
        self, rows: np.ndarray, target: Tensor, batch_size: int, seed: int, epoch: Callable
    ) -> DataLoader:
        """Return a random crop of each train song, another one in each epoch."""
        crops = Crops(self.store, self.clips[rows], target, self.n_samples, 1, seed)
        batches = EpochBatches(len(crops), batch_size or len(crops), seed, epoch)
        return DataLoader(crops, sampler=batches, batch_size=None, num_workers=self.num_workers)

    def state(self) -> dict[str, Any]:
        """Return nothing: nothing was fitted."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up nothing."""

    def of_files(self, files: pd.DataFrame, cache: Path) -> NewInputs:
        """Return new sound files as inputs."""
        store = build_store(files, cache, self.options)
        clips = np.arange(len(store))
        part = self._windows(store, clips, _no_target(len(store)))
        return NewInputs(part, store.index, store.quarantine)

    def _windows(self, store: AudioStore, clips: np.ndarray, target: Tensor) -> Windows:
        return Windows(store, clips, target, self.n_samples, self.n_windows)


Inputs = SpectrumInputs | WaveformInputs


def make_inputs(
    kind: str,
    options: SpectrumReading,
    n_samples: int,
    n_windows: int,
    workers: int,
    num_workers: int,
) -> Inputs:
    """Return inputs of a kind, `spectrum` or `waveform`; arguments as of their constructors.

    Raises:
        ConfigError: waveforms without a fixed rate and length, or windows longer than that.
    """
    if kind == "spectrum":
        return SpectrumInputs(options, workers, num_workers)
    rate, seconds = options.sample_rate, options.seconds
    if rate is None or seconds is None:
        raise ConfigError("dataset.inputs=waveform: set dataset.sample_rate and dataset.seconds")
    store = StoreOptions(rate, seconds, options.crop, n_samples / rate, workers)
    return WaveformInputs(store, n_samples, n_windows, num_workers)


@dataclass(frozen=True)
class NewInputs:
    """New sound files as inputs of a model.

    Attributes:
        part: the good ones, in order.
        index: track_id and seconds of these.
        quarantine: track_id, path, code, detail of the others.
    """

    part: BatchDataset
    index: pd.DataFrame
    quarantine: pd.DataFrame


def _no_target(n_rows: int) -> Tensor:
    return Tensor(n_rows, 0)
