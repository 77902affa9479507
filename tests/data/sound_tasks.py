"""The data sets of sound, ready on the twelve tones of `tiny_sound`."""

from pathlib import Path
from typing import Any

import made as data_sets
import torch
from made import published
from omegaconf import DictConfig, OmegaConf
from tiny_sound import (
    RATE,
    SECONDS,
    WINDOW,
)
from torch import Tensor

from muso_exp.data.audio_factors import AudioFactors
from muso_exp.data.audio_genres import AudioGenres
from muso_exp.data.audio_tags import AudioTags
from muso_exp.data.sound.clip_data import AudioData

SOUND = {
    "batch_size": 4,
    "seed": 0,
    "store": {"sample_rate": RATE, "seconds": SECONDS, "workers": 1},
    "windows": {"n_samples": WINDOW, "eval_windows": 3},
    "split": {"by": "track", "test_share": 0.34, "val_share": 0.0},
    "world": {"seconds": SECONDS},
}
FACTORS = {"n_factors": 3, "iterations": 2, "bias": False, "seed": 0}
PLAYS = {"source": "lfm1b", "batch_size": 16, "seed": 0, "min_user_items": 1, "n_tags": 0}


def ready(data: AudioData) -> AudioData:
    data.prepare_data()
    data.setup("fit")
    return data


def made(name: str, root: Path, cache: Path, **options: object) -> Any:
    """Return a data set of sound, as the program builds it, over `SOUND`."""
    return data_sets.made(name, root, cache, **OmegaConf.merge(SOUND, options))


def plays(cache: Path) -> DictConfig:
    """Return the options of the plays beside the sound."""
    places = {"root": None, "cache": str(cache)}
    return OmegaConf.merge(published("plays"), PLAYS, places)  # type: ignore[return-value]


def genres(root: Path, cache: Path, **options: object) -> AudioGenres:
    return ready(made("audio_genres", root, cache, **options))  # type: ignore[return-value]


def factors(root: Path, cache: Path, **options: object) -> AudioFactors:
    small = {"factors": {**FACTORS, "iterations": 3}, "plays": plays(cache)}
    return ready(made("audio_factors", root, cache, **{**small, **options}))  # type: ignore[return-value]


def tags(root: Path, cache: Path, **options: object) -> AudioTags:
    small = {"factors": FACTORS, "plays": plays(cache)}
    options = {"split": {**SOUND["split"], "test_share": 0.2}, **small, **options}
    return ready(made("audio_tags", root, cache, **options))  # type: ignore[return-value]


class Heard:
    """A stand-in for a trained model: its prediction columns are a function of a batch."""

    def __init__(self, columns: Any) -> None:
        self.columns = columns


def mean_of(x: Tensor) -> Tensor:
    """A stand-in for a network: three numbers that depend on the sound."""
    power = x.float().square().mean(dim=(1, 2))
    changes = (x.diff(dim=2).sign().diff(dim=2) != 0).float().mean(dim=(1, 2))
    return torch.stack([power, changes, 1 - changes], dim=1)


class HeardLayers(Heard):
    """The same with an inner representation: the first two of the three numbers."""

    embedding_dim = 2
    training = False
    device = torch.device("cpu")

    def eval(self) -> None:
        """Do nothing: there is no other mode."""

    def train(self, mode: bool) -> None:
        """Do nothing: there is no other mode."""

    def embedding(self, x: Tensor) -> Tensor:
        return mean_of(x)[:, :2]


MODEL_OF_LAYERS = HeardLayers(lambda batch: {"preds": mean_of(batch["x"])})
