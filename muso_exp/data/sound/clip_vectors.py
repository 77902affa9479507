"""One vector for each clip: a bag of its sound, its factors, or what a network heard in it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from muso_exp.cache import cache_key, cached_file
from muso_exp.errors import ConfigError
from muso_exp.features.bags import bag_of_mfcc
from muso_exp.features.timbre import chroma, contrast
from muso_exp.formats.factors import load_heard
from muso_exp.sound.store import AudioStore

log = logging.getLogger(__name__)

VERSION = 1  # of the cached bags
BLOCK = 256  # clips that a process describes at once
HEARD = ("heard_factors", "heard_layers")  # of another run
VECTORS = ("mfcc", "factors", "predicted_factors", *HEARD)
FEATURES: Mapping[str, Callable[[np.ndarray, int], np.ndarray]] = {  # of a whole clip
    "bags_of_mfcc": bag_of_mfcc,
    "contrast": contrast,
    "chroma": chroma,
}
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
    heard: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Return the vectors of these names side by side, (n_clips, n_columns), float32.

    Args:
        names: some of VECTORS.
        bags: returns the bag of MFCC of each clip, (n_clips, 819); called where it is needed.
        factors: of each clip, shape (n_clips, n_factors); unread without factors among the names.
        train: rows of the train clips.
        artists: of each clip, shape (n_clips,).
        heard: of each clip by a network of another run, by name, shape (n_clips, D).
    """
    parts: dict[str, Callable[[], np.ndarray]] = {
        "mfcc": bags,
        "factors": lambda: factors,
        "predicted_factors": lambda: predicted_factors(bags(), factors, train, artists),
    }
    parts |= {name: partial(heard.__getitem__, name) for name in heard}
    return np.concatenate([parts[name]() for name in names], axis=1).astype(np.float32)


def heard_vectors(run: Path, ids: Sequence[str], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return what a network of another run heard in clips, by name, each (n_clips, D).

    Args:
        run: folder of a run of factors from sound.
        ids: of the clips.
        names: of `HEARD`, those wanted.

    Raises:
        ConfigError: a clip that the run does not have, or layers that it did not keep.
    """
    heard = load_heard(run)
    place = {str(name): row for row, name in enumerate(heard.ids.tolist())}
    unknown = [name for name in ids if name not in place]
    if unknown:
        raise ConfigError(
            f"dataset.heard={run}: {len(unknown)} of {len(ids)} clips are not in this run, the "
            f"first is {unknown[0]}; run it on the same sound"
        )
    lacking = [name for name in names if name not in heard.vectors]
    if lacking:
        raise ConfigError(
            f"dataset.heard={run}: this run kept no inner layers; run it with "
            "dataset.keep_layers=true"
        )
    rows = np.array([place[name] for name in ids])
    return {name: heard.vectors[name][rows] for name in names}


def heard_test_clips(run: Path, ids: Sequence[str]) -> int:
    """Return how many of these clips the network of another run was trained on."""
    heard = load_heard(run)
    return int(np.isin(heard.ids[heard.split == "train"], list(ids)).sum())


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
    return clip_features(store, cache, "bags_of_mfcc")


def clip_features(store: AudioStore, cache: Path, name: str) -> np.ndarray:
    """Return some numbers of each clip of a store, made once, shape (n_clips, D).

    Args:
        store: of the clips; what is sound in each is described, not its padding.
        cache: folder for prepared files.
        name: of FEATURES.
    """
    key = cache_key(name, VERSION, {"rate": store.sample_rate}, store.fingerprint)

    def write(path: Path) -> None:
        blocks = [
            range(first, min(first + BLOCK, len(store))) for first in range(0, len(store), BLOCK)
        ]
        n_jobs = min(torch.get_num_threads(), len(blocks))
        if n_jobs > 1:
            log.info("%s of %d clips, in %d processes", name, len(store), n_jobs)
        found = Parallel(n_jobs)(delayed(_block_features)(store, name, block) for block in blocks)
        np.save(path, np.concatenate(found))

    return np.load(cached_file(cache, key, "bags.npy", write))


def _block_features(store: AudioStore, name: str, clips: range) -> np.ndarray:
    filled = store.index["n_filled"].to_numpy()
    parts = (store.crops(np.array([i]), np.array([0]), int(filled[i]))[0] for i in clips)
    return np.array([FEATURES[name](clip, store.sample_rate) for clip in parts])


def _fit(x: np.ndarray, y: np.ndarray) -> Ridge:
    return make_pipeline(StandardScaler(), Ridge(alpha=PENALTY * len(x))).fit(x, y)
