"""One vector for each clip: a bag of its sound, its factors, or the factors heard in the bag."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from muso_exp.cache import cache_key, cached_file
from muso_exp.errors import ConfigError
from muso_exp.features.bags import bag_of_mfcc
from muso_exp.sound.store import AudioStore

VERSION = 1  # of the cached bags
VECTORS = ("mfcc", "factors", "predicted_factors")
N_FOLDS = 5  # of the train clips, whose factors are predicted by a model that has not seen them
PENALTY = 1.0  # of the first stage's ridge regression, per train clip


def require_inputs(inputs: str) -> list[str]:
    """Return the names in `inputs`: `audio`, or vectors joined by `+`.

    Raises:
        ConfigError: an unknown or repeated name.
    """
    names = inputs.split("+")
    if names != ["audio"] and (len(set(names)) < len(names) or not set(names) <= set(VECTORS)):
        known = ", ".join(VECTORS)
        raise ConfigError(f"dataset.inputs={inputs}: audio, or some of {known} joined by +")
    return names


def clip_vectors(
    names: list[str],
    bags: Callable[[], np.ndarray],
    factors: np.ndarray,
    train: np.ndarray,
    artists: np.ndarray,
) -> np.ndarray:
    """Return the vectors of these names side by side, (n_clips, n_columns), float32.

    Args:
        names: some of VECTORS.
        bags: returns the bag of MFCC of each clip, (n_clips, 819); called where it is needed.
        factors: of each clip, shape (n_clips, n_factors); unread without factors among the names.
        train: rows of the train clips.
        artists: of each clip, shape (n_clips,).
    """
    parts = {
        "mfcc": bags,
        "factors": lambda: factors,
        "predicted_factors": lambda: predicted_factors(bags(), factors, train, artists),
    }
    return np.concatenate([parts[name]() for name in names], axis=1).astype(np.float32)


def predicted_factors(
    bags: np.ndarray, factors: np.ndarray, train: np.ndarray, artists: np.ndarray
) -> np.ndarray:
    """Return the factors heard in each clip by ridge regression, shape (n_clips, n_factors).

    The first stage learns from all train clips, with tags or without, and never from a test clip;
    what it predicts of a train clip is learned from those of other artists, so that train and test
    clips are predicted alike well.

    Source: thesis section 6.2.1 (transfer). Deviation: a bag of MFCC under a linear model in the
    place of SampleCNN, whose predictions of its own train clips a probe would be misled by.
    """
    found = _fit(bags[train], factors[train]).predict(bags)
    groups = artists[train]
    n_folds = min(N_FOLDS, len(np.unique(groups)))
    for known, asked in GroupKFold(n_folds).split(train, groups=groups):
        model = _fit(bags[train[known]], factors[train[known]])
        found[train[asked]] = model.predict(bags[train[asked]])
    return found


def clip_bags(store: AudioStore, cache: Path) -> np.ndarray:
    """Return the bag of MFCC of each clip of a store, made once, shape (n_clips, 819)."""
    key = cache_key("bags_of_mfcc", VERSION, {"rate": store.sample_rate}, store.fingerprint)

    def write(path: Path) -> None:
        filled = store.index["n_filled"].to_numpy()
        clips = (store.crops(np.array([i]), np.array([0]), int(filled[i]))[0] for i in all_clips)
        np.save(path, np.array([bag_of_mfcc(clip, store.sample_rate) for clip in clips]))

    all_clips = range(len(store))
    return np.load(cached_file(cache, key, "bags.npy", write))


def _fit(x: np.ndarray, y: np.ndarray) -> Ridge:
    return make_pipeline(StandardScaler(), Ridge(alpha=PENALTY * len(x))).fit(x, y)
