"""One clip of the store: a part of a sound file, checked, at a fixed rate and length, int16."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from muso_exp.sound.decoding import AudioError, open_audio, read_part, resample

Crop = Literal["centre", "start"]  # which part of a longer file
SILENCE = 10 ** (-70 / 20)  # of full scale: -70 dBFS, about 10 steps of 16 bits
_MOMENT = 0.05  # seconds over which loudness is taken


@dataclass(frozen=True)
class ClipOptions:
    """What a clip is.

    Attributes:
        sample_rate: in Hz.
        seconds: length; a shorter file is padded with zeros at its end.
        crop: which part of a longer file: centre or start.
        min_seconds: the least length of a file that is used.
    """

    sample_rate: int
    seconds: float
    crop: Crop
    min_seconds: float

    @property
    def n_samples(self) -> int:
        """Return the samples of a clip."""
        return round(self.seconds * self.sample_rate)


@dataclass(frozen=True)
class ClipFacts:
    """What is known of a clip.

    Attributes:
        seconds: length of the whole file.
        start: where the clip begins in it, in seconds.
        n_filled: samples before the padding.
        digest: sha256 of the samples.
    """

    seconds: float
    start: float
    n_filled: int
    digest: str


def read_clip(path: Path, options: ClipOptions) -> tuple[np.ndarray, ClipFacts]:
    """Return the clip of a file, int16 (n_samples,), and its facts.

    Raises:
        AudioError: a file that cannot be decoded, is too short, or silent where the clip is.
    """
    with open_audio(path) as (file, info):
        if info.seconds < options.min_seconds:
            what = f"{info.seconds:.2f} s long; at least {options.min_seconds:g} s are needed"
            raise AudioError(path, "too_short", what)
        wanted = min(round(options.seconds * info.sample_rate), info.frames)
        first = (info.frames - wanted) // 2 if options.crop == "centre" else 0
        waveform = read_part(path, file, first, wanted)
    start, end = first / info.sample_rate, (first + wanted) / info.sample_rate
    if loudest_moment(waveform, info.sample_rate) < SILENCE:
        what = f"silent from {start:.1f} to {end:.1f} s: nowhere louder than -70 dBFS"
        raise AudioError(path, "silent", what)
    waveform = resample(waveform, info.sample_rate, options.sample_rate)[: options.n_samples]
    clip = np.zeros(options.n_samples, np.int16)
    clip[: len(waveform)] = np.clip(np.rint(waveform * 32767), -32767, 32767)
    digest = hashlib.sha256(clip.tobytes()).hexdigest()
    return clip, ClipFacts(info.seconds, start, len(waveform), digest)


def loudest_moment(waveform: np.ndarray, sample_rate: int) -> float:
    """Return the loudness of the loudest 50 ms of a waveform (n_samples,), a share of full scale.

    Loudness is the standard deviation of the samples: a constant offset is no sound.
    """
    step = max(round(_MOMENT * sample_rate), 1)
    n_moments = len(waveform) // step
    if n_moments == 0:
        return float(waveform.std()) if len(waveform) else 0.0
    return float(waveform[: n_moments * step].reshape(n_moments, step).std(axis=1).max())


def write_clip(options: ClipOptions, task: tuple[str, str, int]) -> ClipFacts:
    """Read the clip of a file and write it into its row of a shard.

    The shard is not mapped: it may be larger than the memory that a worker may take.

    Args:
        options: what a clip is.
        task: the sound file, the shard (.npy, int16, (n_rows, n_samples)), the row.

    Raises:
        AudioError: as `read_clip`.
    """
    path, shard, row = task
    clip, facts = read_clip(Path(path), options)
    with Path(shard).open("r+b") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        file.seek(row * clip.nbytes, os.SEEK_CUR)
        file.write(clip.tobytes())
    return facts
