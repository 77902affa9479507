"""Clips of sound as vectors of a network, made once."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from muso_exp.cache import cache_key, cached_file
from muso_exp.data.base import BatchDataset
from muso_exp.errors import ConfigError

VERSION = 1  # of the cached embeddings
BATCH = 4  # clips that are described at once

log = logging.getLogger(__name__)


def clip_embeddings(
    embedder: pl.LightningModule,
    clips: BatchDataset,
    cache: Path,
    fingerprint: str,
    params: Mapping[str, Any],
) -> np.ndarray:
    """Return the embedding of each clip, averaged over its windows, from the cache or made now.

    Args:
        embedder: gives embeddings (see `muso_exp.models.abilities.GivesEmbedding`) as it is: what
            was learned elsewhere, or by `muso_exp.data.content.first_stage`.
        clips: windows of each clip.
        cache: folder for prepared files.
        fingerprint: of the clips' samples.
        params: what the embedding depends on besides: windows, training.

    Returns:
        Shape (n_clips, embedding_dim), float32.

    Raises:
        ConfigError: the model has no embedding, or its trained weights were not fetched.
    """
    if not callable(getattr(embedder, "embedding", None)):
        raise ConfigError(
            f"{type(embedder).__name__} has no embedding of sound; take musicnn, bag_of_mfcc, "
            "mel_cnn or sample_cnn"
        )
    embedder.on_fit_start()  # takes weights that were trained elsewhere
    key = cache_key(
        "clip_embeddings", VERSION, {**described(embedder), **params, "n": len(clips)}, fingerprint
    )

    def write(path: Path) -> None:
        log.info("describing %d clips by %s", len(clips), type(embedder).__name__)
        np.save(path, _embed(embedder, clips))

    return np.load(cached_file(cache, key, "embeddings.npy", write))


def described(model: pl.LightningModule) -> dict[str, Any]:
    """Return what a model is: its class and options, without its place for prepared files."""
    options = {name: str(value) for name, value in sorted(model.hparams.items())}
    options.pop("cache", None)
    return {"class": f"{type(model).__module__}.{type(model).__qualname__}", "options": options}


def _embed(embedder: Any, clips: BatchDataset) -> np.ndarray:
    embedder.eval()
    parts = []
    with torch.inference_mode():
        for first in range(0, len(clips), BATCH):
            batch = clips[list(range(first, min(first + BATCH, len(clips))))]
            parts.append(embedder.embedding(batch["x"].to(embedder.device)).float().cpu())
    return torch.cat(parts).numpy()
