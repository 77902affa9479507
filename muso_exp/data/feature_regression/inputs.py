"""What a model hears of a song: its spectrum, or windows of its waveform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from muso_exp.data.base import BatchDataset
from muso_exp.data.feature_regression.sources import Songs
from muso_exp.data.feature_regression.splits import SpectrumRows, fit_inputs
from muso_exp.data.shares import own_share, shuffled
from muso_exp.data.sound.windows import Crops, EpochBatches, WindowOptions, Windows
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.audio import SpectrumOptions
from muso_exp.features.tracks import Scaling
from muso_exp.options import Count, Inert, Options, Positive
from muso_exp.sound.clips import Crop
from muso_exp.sound.loudness import clip_loudness
from muso_exp.sound.spectra import compute_spectra, typical_seconds
from muso_exp.sound.spectrum_task import SpectrumReading
from muso_exp.sound.store import AudioStore, StoreOptions, build_store

InputKind = Literal["spectrum", "waveform"]


class SoundOptions(Options, frozen=True, kw_only=True):
    """Which part of a sound file a song is.

    Attributes:
        sample_rate: that the sound is brought to, in Hz; None keeps each file's (spectrum only).
        seconds: at most so much of each file; None takes all of it (spectrum only).
        crop: which part of a longer file: centre or start.
        workers: processes that decode, render and compute spectra.
    """

    sample_rate: Count | None
    seconds: Positive | None
    crop: Crop
    workers: Inert[Count]


class SpectrumInputs:
    """Spectra, each bin standardised by the train songs.

    Args:
        reading: which part of a file, and what its spectrum is.
        workers: processes that compute spectra.
        num_workers: processes that make batches.
    """

    def __init__(self, reading: SpectrumReading, workers: int, num_workers: int) -> None:
        self.reading, self.workers, self.num_workers = reading, workers, num_workers

    @property
    def dims(self) -> dict[str, int | str | list[int]]:
        """Return what a model must know of the inputs."""
        return {"n_inputs": self.reading.spectrum.n_bins}

    def open(self, songs: Songs, cache: Path) -> np.ndarray:
        """Take up the songs; return which of them can be used, shape (n_songs,)."""
        if songs.values is None:
            raise ValueError("songs without spectra; give read_songs a reading")
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

    def levels(self, cache: Path) -> np.ndarray:
        """Return the mean of each song's spectrum, shape (n_songs,), float64."""
        return np.array([self.values[row].mean(dtype=np.float64) for row in self.rows])

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
        batches = shuffled(part, batch_size or len(rows), seed)
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
        reading = self.reading
        if reading.seconds is None and np.isfinite(self.seconds):
            reading = replace(reading, seconds=max(self.seconds, reading.spectrum.min_seconds))
        found = compute_spectra(files, cache, reading, self.workers)
        rows = np.arange(len(found.index))
        part = SpectrumRows(found.values, rows, self.scaling, _no_target(len(rows)))
        return NewInputs(part, found.index, found.quarantine)


class WaveformInputs:
    """Windows of the waveform from an audio store: random crops in training, as in `AudioData`.

    Args:
        options: of the store.
        windows: what a network is given of a song.
        num_workers: processes that make batches.

    Raises:
        ConfigError: windows longer than the clips.
    """

    reading = None  # no spectrum
    constant = 0

    def __init__(self, options: StoreOptions, windows: WindowOptions, num_workers: int) -> None:
        self.options, self.num_workers = options, num_workers
        self.windows = windows.fitted(options.clip)

    @property
    def dims(self) -> dict[str, int | str | list[int]]:
        """Return what a model must know of the inputs."""
        return {
            "head": "regression",
            "sample_rate": self.options.sample_rate,
            "n_samples": self.windows.n_samples,
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

    def levels(self, cache: Path) -> np.ndarray:
        """Return the RMS of each song in dB of full scale, shape (n_songs,)."""
        return clip_loudness(self.store, cache)[self.clips, 0]

    def part(self, rows: np.ndarray, target: Tensor) -> BatchDataset:
        """Return the consecutive windows of some songs."""
        return self._windows(self.store, self.clips[rows], target)

    def training(
        self, rows: np.ndarray, target: Tensor, batch_size: int, seed: int, epoch: Callable
    ) -> DataLoader:
        """Return random crops of each train song, others in each epoch."""
        n_samples, per_clip = self.windows.n_samples, self.windows.crops_per_clip
        crops = Crops(self.store, self.clips[rows], target, n_samples, per_clip, seed)
        batches = EpochBatches(len(crops), batch_size or len(crops), seed, epoch)
        own = own_share(batches)
        return DataLoader(crops, sampler=own, batch_size=None, num_workers=self.num_workers)

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
        return Windows(store, clips, target, self.windows.n_samples, self.windows.eval_windows)


Inputs = SpectrumInputs | WaveformInputs


def make_inputs(
    kind: InputKind,
    spectrum: SpectrumOptions,
    sound: SoundOptions,
    windows: WindowOptions,
    num_workers: int,
) -> Inputs:
    """Return inputs of a kind, `spectrum` or `waveform`; arguments as of their constructors.

    Raises:
        ConfigError: waveforms without a fixed rate and length, or windows longer than that.
    """
    reading = SpectrumReading(spectrum, sound.sample_rate, sound.seconds, sound.crop)
    if kind == "spectrum":
        return SpectrumInputs(reading, sound.workers, num_workers)
    rate, seconds = sound.sample_rate, sound.seconds
    if rate is None or seconds is None:
        raise ConfigError(
            "dataset.inputs=waveform: set dataset.store.sample_rate and dataset.store.seconds"
        )
    store = StoreOptions(
        sample_rate=rate,
        seconds=seconds,
        crop=sound.crop,
        workers=sound.workers,
        min_seconds=windows.n_samples / rate,
    )
    return WaveformInputs(store, windows, num_workers)


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
