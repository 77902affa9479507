"""New input for runs of an older version: a song that is the same wherever it is made."""

from pathlib import Path

import numpy as np
import soundfile

SAMPLE_RATE = 22_050


def write_song(path: Path, seconds: float = 12.0) -> None:
    """Write a chord with noise and a beat, as 16-bit wav."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * tone * time) for tone in (220.0, 277.18, 329.63))
    noise = np.random.default_rng(0).normal(size=len(time)) * np.exp(-8 * (time % 0.5))
    samples = (0.1 * chord + 0.2 * noise).clip(-1, 1)
    soundfile.write(path, (samples * 32767).astype(np.int16), SAMPLE_RATE, subtype="PCM_16")
