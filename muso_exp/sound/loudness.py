"""How loud a clip is, and how much that changes."""

from pathlib import Path

import numpy as np

from muso_exp.cache import cache_key, cached_file
from muso_exp.sound.store import FULL_SCALE, AudioStore

VERSION = 2  # of the cached values
SILENCE = -100.0  # dB, of a clip of zeros; one step of 16 bits is -90
MOMENT = 0.05  # seconds over which a level is taken


def clip_loudness(store: AudioStore, cache: Path) -> np.ndarray:
    """Return how loud each clip of a store is, made once, see `pooled_loudness`, (n_clips, 3)."""
    key = cache_key("clip_levels", VERSION, {}, store.fingerprint)

    def write(path: Path) -> None:
        filled = store.index["n_filled"].to_numpy()
        moment = max(round(MOMENT * store.sample_rate), 1)
        clips = (store.clip(i)[: filled[i]] for i in range(len(store)))
        np.save(path, [pooled_loudness(clip, moment) for clip in clips])

    return np.load(cached_file(cache, key, "levels.npy", write))


def pooled_loudness(samples: np.ndarray, moment: int) -> tuple[float, float, float]:
    """Return the level of a clip, and mean and standard deviation of the levels of its moments.

    Args:
        samples: int16, shape (n_samples,); the last incomplete moment is left out.
        moment: samples of a moment.

    Returns:
        All in dB, the first two of full scale.
    """
    n_moments = len(samples) // moment
    parts = samples[: n_moments * moment].reshape(-1, moment) if n_moments else samples[None]
    levels = np.array([rms_loudness(part) for part in parts])
    return rms_loudness(samples), float(levels.mean()), float(levels.std())


def rms_loudness(samples: np.ndarray) -> float:
    """Return 10 log10 of the mean square of samples (n,), int16, in dB of full scale."""
    power = np.square(samples, dtype=np.float64).mean() / FULL_SCALE**2
    return float(10 * np.log10(power)) if power > 0 else SILENCE
