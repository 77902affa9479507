"""How loud a clip is."""

from pathlib import Path

import numpy as np

from muso_exp.cache import cache_key, cached_file
from muso_exp.sound.store import FULL_SCALE, AudioStore

VERSION = 1  # of the cached values
SILENCE = -100.0  # dB, of a clip of zeros; one step of 16 bits is -90


def clip_loudness(store: AudioStore, cache: Path) -> np.ndarray:
    """Return the RMS of each clip of a store in dB of full scale, made once, shape (n_clips,)."""
    key = cache_key("clip_levels", VERSION, {}, store.fingerprint)

    def write(path: Path) -> None:
        filled = store.index["n_filled"].to_numpy()
        np.save(path, [rms_loudness(store.clip(i)[: filled[i]]) for i in range(len(store))])

    return np.load(cached_file(cache, key, "levels.npy", write))


def rms_loudness(samples: np.ndarray) -> float:
    """Return 10 log10 of the mean square of samples (n,), int16, in dB of full scale."""
    power = np.square(samples, dtype=np.float64).mean() / FULL_SCALE**2
    return float(10 * np.log10(power)) if power > 0 else SILENCE
