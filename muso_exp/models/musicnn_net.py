"""The network MusiCNN, for weights that were trained elsewhere."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from muso_exp.models.frontends import MelOptions, MelPower

Layer = Literal["penultimate", "mean_pool", "max_pool"]

SAMPLE_RATE = 16000  # Hz
N_MELS = 96
SPECTRUM = MelOptions(n_mels=N_MELS, n_fft=512, hop_length=256, top_db=None)
TIMBRAL = (38, 67)  # bands that a filter spans: .4 and .7 of them
TEMPORAL = (128, 64, 32)  # frames that a filter spans
N_TIMBRAL, N_TEMPORAL, N_MID, N_DENSE = 204, 51, 64, 200  # filters, and units of the dense layer
WIDTH = 7  # frames of all other filters
N_FRONT = 2 * N_TIMBRAL + 3 * N_TEMPORAL  # 561
N_POOLED = N_FRONT + 3 * N_MID  # 753
SIZES: dict[Layer, int] = {"penultimate": N_DENSE, "mean_pool": N_POOLED, "max_pool": N_POOLED}


class MusicnnNet(nn.Module):
    """Musically motivated convolutions, three residual layers, pooling over time, two dense layers.

    The front-end has filters over many bands and few frames (timbre) and over one band and many
    frames (tempo); each filter's maximum over the bands is kept. The outputs of the front-end and
    of the three residual layers are pooled over time together. The network is only evaluated:
    normalisation uses the running moments of its training.

    Args:
        n_tags: outputs of the last layer.

    Source: Pons and Serra 2019, "musicnn: Pre-trained convolutional neural networks for music
    audio tagging"; the published code (order of normalisation and pooling). Deviation: the mel
    power is not rounded to float16, in which the published code overflows at loud tones.
    """

    def __init__(self, n_tags: int = 50) -> None:
        super().__init__()
        self.power = MelPower(SAMPLE_RATE, SPECTRUM)
        self.normalise = _norm(1)
        self.timbral = nn.ModuleList(
            nn.Conv2d(1, N_TIMBRAL, (WIDTH, bands), padding=(WIDTH // 2, 0)) for bands in TIMBRAL
        )
        self.temporal = nn.ModuleList(nn.Conv2d(1, N_TEMPORAL, (frames, 1)) for frames in TEMPORAL)
        self.front_norms = nn.ModuleList(_norm(n) for n in [N_TIMBRAL] * 2 + [N_TEMPORAL] * 3)
        self.middle = nn.ModuleList(
            nn.Conv1d(n, N_MID, WIDTH, padding=WIDTH // 2) for n in (N_FRONT, N_MID, N_MID)
        )
        self.middle_norms = nn.ModuleList(_norm(N_MID, flat=True) for _ in range(3))
        self.pool_norm = _norm(2 * N_POOLED, flat=True)
        self.dense = nn.Linear(2 * N_POOLED, N_DENSE)
        self.dense_norm = _norm(N_DENSE, flat=True)
        self.tags = nn.Linear(N_DENSE, n_tags)
        self.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> "MusicnnNet":
        """Stay in evaluation mode: nothing of this network is trained."""
        return super().train(False)

    def log_mel(self, x: Tensor) -> Tensor:
        """Return the network's input (B, n_frames, 96) of waveforms x (B, S) at 16 kHz."""
        return (1 + 10000 * self.power(x)).log10()

    def forward(self, spectrum: Tensor) -> tuple[dict[Layer, Tensor], Tensor]:
        """Return inner layers and logits of the tags.

        Args:
            spectrum: of `log_mel`, shape (B, n_frames, 96), 187 frames in the published network.

        Returns:
            The layers, see SIZES, (B, size) each, and logits (B, n_tags).
        """
        features = self._front(self.normalise(spectrum[:, None]))  # (B, 561, T)
        layers = [features]
        hidden = self.middle_norms[0](self.middle[0](features).relu())  # (B, 64, T)
        layers.append(hidden)
        for number in (1, 2):
            hidden = hidden + self.middle_norms[number](self.middle[number](hidden).relu())
            layers.append(hidden)
        dense = torch.cat(layers, dim=1)  # (B, 753, T)
        most, mean = dense.amax(dim=2), dense.mean(dim=2)  # (B, 753)
        pooled = torch.stack([most, mean], dim=2).flatten(1)  # (B, 1506), in pairs
        penultimate = self.dense_norm(self.dense(self.pool_norm(pooled)).relu())  # (B, 200)
        found: dict[Layer, Tensor] = {
            "penultimate": penultimate,
            "mean_pool": mean,
            "max_pool": most,
        }
        return found, self.tags(penultimate)

    def _front(self, x: Tensor) -> Tensor:
        """Return each filter's maximum over bands (B, 561, T) of spectrograms x (B, 1, T, 96)."""
        maps = [convolution(x) for convolution in self.timbral]
        for n_frames, convolution in zip(TEMPORAL, self.temporal, strict=True):
            before = (n_frames - 1) // 2
            maps.append(convolution(pad(x, (0, 0, before, n_frames - 1 - before))))
        pairs = zip(maps, self.front_norms, strict=True)
        return torch.cat([norm(found.relu()).amax(dim=3) for found, norm in pairs], dim=1)

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take weights under the names and in the layout of TensorFlow.

        Layers are numbered in the order of the published network.

        Raises:
            KeyError: an array is missing.
            RuntimeError: an array of another shape.
        """
        convolutions = [*self.timbral, *self.temporal, *self.middle]
        norms = [
            *(self.normalise, *self.front_norms, *self.middle_norms),
            *(self.pool_norm, self.dense_norm),
        ]
        state: dict[str, Tensor] = {}
        names = {module: name for name, module in self.named_modules()}
        for number, module in enumerate(convolutions):
            kernel = torch.from_numpy(arrays[_numbered("conv2d", number) + "/kernel"])
            if isinstance(module, nn.Conv1d):
                kernel = kernel[:, :, 0].permute(2, 1, 0)  # (filters, channels, frames)
            else:
                kernel = kernel.permute(3, 2, 0, 1)  # (filters, 1, frames, bands)
            state[f"{names[module]}.weight"] = kernel
            bias = arrays[_numbered("conv2d", number) + "/bias"]
            state[f"{names[module]}.bias"] = torch.from_numpy(bias)
        for number, module in enumerate([self.dense, self.tags]):
            place = _numbered("dense", number)
            state[f"{names[module]}.weight"] = torch.from_numpy(arrays[place + "/kernel"]).T
            state[f"{names[module]}.bias"] = torch.from_numpy(arrays[place + "/bias"])
        for number, module in enumerate(norms):
            place = _numbered("batch_normalization", number)
            for ours, theirs in NORM.items():
                state[f"{names[module]}.{ours}"] = torch.from_numpy(arrays[f"{place}/{theirs}"])
            state[f"{names[module]}.num_batches_tracked"] = torch.tensor(0)
        self.load_state_dict(state)


NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def _norm(n_features: int, flat: bool = False) -> nn.Module:
    return (nn.BatchNorm1d if flat else nn.BatchNorm2d)(n_features, eps=1e-3)


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name
