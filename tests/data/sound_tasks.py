"""The data sets of sound, ready on the twelve tones of `tiny_sound`."""

from pathlib import Path
from typing import Any

import torch
from made import made
from tiny_sound import (
    RATE,
    SECONDS,
    WINDOW,
)
from torch import Tensor

from muso_exp.data.audio_factors import AudioFactors
from muso_exp.data.audio_genres import AudioGenres
from muso_exp.data.audio_tags import AudioTags
from muso_exp.data.plays import Plays
from muso_exp.data.sound.clip_data import AudioData

SOUND = {
    "batch_size": 4,
    "seed": 0,
    "sample_rate": RATE,
    "seconds": SECONDS,
    "n_samples": WINDOW,
    "eval_windows": 3,
    "workers": 1,
    "split": "track",
    "test_share": 0.34,
    "val_share": 0.0,
}


def ready(data: AudioData) -> AudioData:
    data.prepare_data()
    data.setup("fit")
    return data


def genres(root: Path, cache: Path, **options: object) -> AudioGenres:
    return ready(AudioGenres(str(root), str(cache), **{**SOUND, **options}))  # type: ignore[return-value, arg-type]


def plays(cache: Path, **options: object) -> Plays:
    filters = {"min_user_items": 1, "n_tags": 0}
    return made("plays", None, cache, source="lfm1b", **{**filters, **options})


def factors(root: Path, cache: Path, **options: object) -> AudioFactors:
    given = {**SOUND, "n_factors": 3, "iterations": 3, "bias": False, **options}
    return ready(AudioFactors(plays(cache), root=str(root), cache=str(cache), **given))  # type: ignore[return-value, arg-type]


def tags(root: Path, cache: Path, **options: object) -> AudioTags:
    given = {**SOUND, "test_share": 0.2, "n_factors": 3, "iterations": 2, "bias": False, **options}
    return ready(AudioTags(plays(cache), root=str(root), cache=str(cache), **given))  # type: ignore[return-value, arg-type]


class Heard:
    """A stand-in for a trained model: its prediction columns are a function of a batch."""

    def __init__(self, columns: Any) -> None:
        self.columns = columns


def mean_of(x: Tensor) -> Tensor:
    """A stand-in for a network: three numbers that hang on the sound."""
    power = x.float().square().mean(dim=(1, 2))
    changes = (x.diff(dim=2).sign().diff(dim=2) != 0).float().mean(dim=(1, 2))
    return torch.stack([power, changes, 1 - changes], dim=1)
