"""MusiCNN, trained on tags elsewhere, as the description of a window under a linear model."""

import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from muso_exp.cache import cache_key, find_cached
from muso_exp.errors import ConfigError
from muso_exp.models.musicnn_net import SAMPLE_RATE, SIZES, Layer, MusicnnNet
from muso_exp.models.solved_head import SolvedHead
from muso_exp.options import Count, Inert, NotNegative, Positive

Training = Literal["mtt", "msd"]
FETCHED = cache_key("musicnn", 1, {"version": "0.1.0"})  # a folder with mtt.npz and msd.npz


class Musicnn(SolvedHead):
    """An inner layer of a trained MusiCNN, into a linear model; nothing of the network is trained.

    The weights come from the cache, where `python -m muso_exp fetch musicnn` puts them; a
    checkpoint holds them too.

    Args:
        head: from the data set, see `muso_exp.models.audio.AudioModel`.
        n_outputs: from the data set.
        sample_rate: in Hz, from the data set; 16000 is needed.
        cache: folder of prepared files.
        trained_on: tags of MagnaTagATune (`mtt`) or of the Million Song Dataset (`msd`).
        layer: of the network: the dense layer before the tags (200 numbers), or the mean or the
            maximum over time of all features (753).
        alpha, C, max_iter: see `SolvedHead`.

    Raises:
        ValueError: another sample rate, and see `SolvedHead`.

    Source: Pons and Serra 2019; see `muso_exp.models.musicnn_net.MusicnnNet`.
    """

    def __init__(
        self,
        head: str,
        n_outputs: int,
        sample_rate: int,
        cache: Inert[str],
        trained_on: Training = "mtt",
        layer: Layer = "penultimate",
        alpha: NotNegative = 1.0,
        C: Positive = 0.01,
        max_iter: Count = 200,
    ) -> None:
        super().__init__(head, n_outputs, SIZES[layer], alpha, C, max_iter)
        if sample_rate != SAMPLE_RATE:
            raise ValueError(
                f"MusiCNN hears sound at {SAMPLE_RATE} Hz, got {sample_rate}; "
                f"set dataset.store.sample_rate={SAMPLE_RATE}"
            )
        self.save_hyperparameters(logger=False)
        self.cache, self.trained_on, self.layer = Path(cache), trained_on, layer
        self.net = MusicnnNet()

    def on_fit_start(self) -> None:
        """Take the trained weights.

        Raises:
            ConfigError: they were not fetched.
        """
        super().on_fit_start()
        warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")
        self.net.load_arrays(fetched_arrays(self.cache, self.trained_on))

    def describe(self, x: Tensor) -> Tensor:
        """Return the layer's numbers (B, embedding_dim) of windows x (B, S)."""
        with torch.autocast(x.device.type, enabled=False), torch.no_grad():
            parts = [self.net(self.net.log_mel(part))[0][self.layer] for part in x.split(8)]
        return torch.cat(parts)


def fetched_arrays(cache: Path, trained_on: Training) -> dict[str, np.ndarray]:
    """Return the fetched weights by their published names, and the names of the `tags`.

    Raises:
        ConfigError: they were not fetched.
    """
    folder = find_cached(cache, FETCHED)
    if folder is None:
        raise ConfigError(
            f"MusiCNN's weights are not in {cache}; run python -m muso_exp fetch musicnn"
        )
    with np.load(folder / f"{trained_on}.npz", allow_pickle=False) as arrays:
        return dict(arrays)
