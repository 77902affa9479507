"""The spectrum of a sound file; what a worker process imports, and no more."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from muso_exp.errors import ConfigError
from muso_exp.features.audio import SpectrumOptions, spectrum
from muso_exp.sound.clips import SILENCE, Crop, loudest_moment
from muso_exp.sound.decoding import AudioError, open_audio, read_part, resample


@dataclass(frozen=True)
class SpectrumReading:
    """Which part of a file the spectrum is of.

    Attributes:
        spectrum: what the spectrum is.
        sample_rate: that the sound is brought to first, in Hz; None keeps the file's.
        seconds: at most so much of a file; None takes all of it.
        crop: which part of a longer file: centre or start.

    Raises:
        ConfigError: fewer seconds than the bins need.
    """

    spectrum: SpectrumOptions
    sample_rate: int | None = None
    seconds: float | None = None
    crop: Crop = "centre"

    def __post_init__(self) -> None:
        if self.seconds is not None and self.seconds < self.spectrum.min_seconds:
            raise ConfigError(
                f"dataset.store.seconds={self.seconds}: {self.spectrum.min_seconds:g} s are needed "
                f"for {self.spectrum.n_bins} bins below {self.spectrum.top:g} Hz"
            )


def read_spectrum(options: SpectrumReading, path: str) -> tuple[np.ndarray, float]:
    """Return the spectrum of a file, float32 (n_bins,), and how many seconds it is of.

    Raises:
        AudioError: a file that cannot be decoded, is too short, of too low a rate, or silent.
    """
    with open_audio(Path(path)) as (file, info):
        wanted = info.frames
        if options.seconds is not None:
            wanted = min(round(options.seconds * info.sample_rate), info.frames)
        first = (info.frames - wanted) // 2 if options.crop == "centre" else 0
        given, least = wanted / info.sample_rate, options.spectrum.min_seconds
        if given < least:
            what = f"{given:.2f} s long; {least:g} s are needed for {options.spectrum.n_bins} bins"
            raise AudioError(path, "too_short", f"{what} below {options.spectrum.top:g} Hz")
        waveform = read_part(Path(path), file, first, wanted)
    rate = options.sample_rate or info.sample_rate
    waveform = resample(waveform, info.sample_rate, rate)
    if loudest_moment(waveform, rate) < SILENCE:
        raise AudioError(path, "silent", "silent: nowhere louder than -70 dBFS")
    try:
        return spectrum(waveform, rate, options.spectrum), given
    except ValueError as error:
        code = "bad_rate" if rate < 2 * options.spectrum.top else "too_short"
        raise AudioError(path, code, str(error)) from error


def read_task(options: SpectrumReading, task: tuple[int, str]) -> tuple[np.ndarray, float]:
    """Return what `read_spectrum` does of the file of a task (its number, its path)."""
    return read_spectrum(options, task[1])
