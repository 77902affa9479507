"""How loud a clip is, and what that alone tells: a null model of every task on sound."""

from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from muso_exp.cache import cache_key, cached_file
from muso_exp.sound.store import FULL_SCALE, AudioStore

VERSION = 1  # of the cached levels
SILENCE = -100.0  # dB, of a clip of zeros; one step of 16 bits is -90


def clip_levels(store: AudioStore, cache: Path) -> np.ndarray:
    """Return the RMS level of each clip of a store in dB of full scale, made once, (n_clips,)."""
    key = cache_key("clip_levels", VERSION, {}, store.fingerprint)

    def write(path: Path) -> None:
        filled = store.index["n_filled"].to_numpy()
        np.save(path, [rms_level(store.clip(i)[: filled[i]]) for i in range(len(store))])

    return np.load(cached_file(cache, key, "levels.npy", write))


def rms_level(samples: np.ndarray) -> float:
    """Return 10 log10 of the mean square of samples (n,), int16, in dB of full scale."""
    power = np.square(samples, dtype=np.float64).mean() / FULL_SCALE**2
    return float(10 * np.log10(power)) if power > 0 else SILENCE


def genre_by_level(known: np.ndarray, genres: np.ndarray, asked: np.ndarray, n: int) -> Tensor:
    """Return the probability of each genre by the level alone, shape (n_asked, n), float64.

    Multinomial logistic regression; a genre without train clips has probability 0.

    Args:
        known: levels of the train clips, shape (n_train,).
        genres: their genres, 0 to n - 1, shape (n_train,).
        asked: levels to tell the genre of, shape (n_asked,).
        n: number of genres.
    """
    present = np.unique(genres)
    probabilities = torch.zeros(len(asked), n, dtype=torch.float64)
    if len(present) == 1:
        probabilities[:, present] = 1.0
        return probabilities
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(known[:, None], genres)
    probabilities[:, present] = torch.from_numpy(model.predict_proba(asked[:, None]))
    return probabilities
