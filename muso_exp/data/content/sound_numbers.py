"""What describes the sound of clips in numbers, by the name of the part of the inputs."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch

from muso_exp.data.content.embeddings import clip_embeddings
from muso_exp.data.sound.clip_vectors import clip_features
from muso_exp.data.sound.windows import WindowOptions, Windows
from muso_exp.errors import ConfigError
from muso_exp.sound.loudness import clip_loudness
from muso_exp.sound.store import AudioStore

CLIP_FEATURES = {"mfcc": "bags_of_mfcc", "contrast": "contrast", "chroma": "chroma"}
EMBEDDING = "embedding"


def check_embedder(inputs: str, parts: list[str], embedder: pl.LightningModule | None) -> None:
    """Refuse an embedding without a network, and a network without an embedding.

    Raises:
        ConfigError: one without the other.
    """
    if (EMBEDDING in parts) != (embedder is not None):
        raise ConfigError(
            f"dataset.inputs={inputs}: the part embedding and dataset.embedder need each other"
        )


def sound_numbers(
    store: AudioStore,
    clips: np.ndarray,
    cache: Path,
    windows: WindowOptions,
    embedder: pl.LightningModule | None,
) -> Mapping[str, Callable[[], np.ndarray]]:
    """Return what makes the numbers (n_clips, D) of some clips, by the part of the inputs.

    Args:
        store: of the clips.
        clips: numbers of clips in the store, shape (n_clips,).
        cache: folder for prepared files.
        windows: what an embedder is given of a clip.
        embedder: the network of the part `embedding`; None without.
    """
    makers: dict[str, Callable[[], np.ndarray]] = {
        part: partial(clip_features, store, cache, name) for part, name in CLIP_FEATURES.items()
    }
    makers["loudness"] = partial(clip_loudness, store, cache)
    if embedder is not None:
        makers[EMBEDDING] = partial(_embeddings, embedder, store, cache, windows)
    return {part: partial(_rows_of, make, clips) for part, make in makers.items()}


def _embeddings(
    embedder: pl.LightningModule, store: AudioStore, cache: Path, options: WindowOptions
) -> np.ndarray:
    every, length, number = np.arange(len(store)), options.n_samples, options.eval_windows
    windows = Windows(store, every, torch.zeros(len(store)), length, number)
    params = {"n_samples": length, "windows": number}
    return clip_embeddings(embedder, windows, cache, store.fingerprint, params)


def _rows_of(make: Callable[[], np.ndarray], rows: np.ndarray) -> np.ndarray:
    return make()[rows]
