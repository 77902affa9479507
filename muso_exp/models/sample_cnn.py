"""SampleCNN: convolutions on the raw waveform, three samples at a time."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from muso_exp.models.audio import AudioModel
from muso_exp.models.audio_layers import lay_out, start_he_uniform
from muso_exp.options import Count, Positive, PositiveShare, Share, ZeroOrMore
from muso_exp.records import Batch

PUBLISHED = (128, 128, 256, 256, 256, 256, 256, 256, 512)
PUBLISHED_TRAINING = {
    "optimizer": "sgd",
    "lr": 0.01,
    "momentum": 0.9,
    "n_stages": 5,
    "patience": 3,
    "lr_decay": 1e-6,
}


class SampleCNN(AudioModel):
    """The 3^9 network: a strided convolution, then nine that end at one vector of 512.

    Each block is a convolution of length 3, batch normalisation, ReLU, and max-pooling by 3; so
    the window is 3^(blocks + 1) samples long: 59,049, which is 3.7 s at 16 kHz. A last convolution
    of length 1, dropout, and the dense head follow. Heads, losses, stages: `AudioModel`.

    Args:
        head: from the data set, see `AudioModel`.
        n_outputs: from the data set.
        n_samples: length of a window in samples, from the data set: 3^(len(channels) + 1).
        channels: width of each block; the strided convolution has the width of the first, the
            last convolution that of the last. Fewer and narrower ones serve smaller windows.
        dropout: before the dense layer.
        embedding_blocks: numbers (from 0) of blocks whose outputs, averaged over time, are put
            in front of the last layer's vector in `embedding`; the head does not see them.
        normalise: head `factors` only: outputs and targets divided by their norms, which the thesis
            "found necessary"; without, the output has no bound.
        batch_norm_momentum: weight of a batch in the running mean and variance.
        batch_norm_eps: added to the variance.
        channels_last: layout of the numbers, see `muso_exp.models.audio.lay_out`.
        **training: optimizer, lr, momentum, weight_decay, n_stages, lr_factor, patience and
            lr_decay, see `muso_exp.models.audio.AudioModel`; by default as published.

    Raises:
        ValueError: a window that the blocks do not fit, or a block that is not there.

    Source: thesis chapters 4 and 6.1 and its code; where they are silent, the network's public
    code: biases in the convolutions, Keras' batch normalisation (0.01, 1e-3), Glorot-uniform
    dense layer. Deviation: none at the defaults.
    """

    def __init__(
        self,
        head: str,
        n_outputs: int,
        n_samples: int,
        channels: Sequence[Count] = PUBLISHED,
        dropout: Share = 0.5,
        embedding_blocks: Sequence[ZeroOrMore] = (),
        normalise: bool = True,
        batch_norm_momentum: PositiveShare = 0.01,
        batch_norm_eps: Positive = 1e-3,
        channels_last: bool | None = None,
        **training: Any,
    ) -> None:
        super().__init__(head, n_outputs, n_samples, **{**PUBLISHED_TRAINING, **training})
        _check_blocks(channels, n_samples, embedding_blocks)
        self.save_hyperparameters(logger=False)
        self.embedding_blocks, self.channels_last = tuple(embedding_blocks), channels_last
        norm = (batch_norm_momentum, batch_norm_eps)
        widths = [channels[0], *channels]
        self.strided = self._layer(1, channels[0], 3, 3, norm)
        self.blocks = nn.ModuleList(
            self._layer(n_in, n_out, 3, 1, norm)
            for n_in, n_out in zip(widths[:-1], channels, strict=True)
        )
        self.pool = nn.MaxPool2d((1, 3))
        self.last = self._layer(channels[-1], channels[-1], 1, 1, norm)
        start_he_uniform(self)
        self.finish(channels[-1], dropout, normalise)
        self.embedding_dim = channels[-1] + sum(channels[i] for i in embedding_blocks)

    def _layer(
        self, n_in: int, n_out: int, length: int, stride: int, norm: tuple[float, float]
    ) -> nn.Sequential:
        """Return convolution, batch normalisation and ReLU, over pictures of height 1.

        One-dimensional convolutions know one layout only.
        """
        momentum, eps = norm
        padding = 1 if (length, stride) == (3, 1) else 0
        return nn.Sequential(
            nn.Conv2d(n_in, n_out, (1, length), (1, stride), (0, padding)),
            nn.BatchNorm2d(n_out, eps, momentum),
            nn.ReLU(inplace=True),
        )

    def embed(self, x: Tensor) -> Tensor:
        """Return the last layer's vector (B, 512) of windows x (B, S), blocks' means before it."""
        return torch.cat(self._vectors(x), dim=1)

    def _vectors(self, x: Tensor) -> list[Tensor]:
        """Return the means over time of the chosen blocks, then the last layer's vector."""
        x = lay_out(x[:, None], self.channels_last)  # (B, 1, 1, 59049)
        x = self.strided(x)  # (B, 128, 1, 19683)
        means = []
        for number, block in enumerate(self.blocks):
            x = self.pool(block(x))  # (B, 128, 1, 6561), (B, 128, 1, 2187), ..., (B, 512, 1, 1)
            if number in self.embedding_blocks:
                means.append(x.flatten(2).mean(dim=2))
        return [*means, self.last(x).flatten(1)]  # the last one (B, 512)

    def loss(self, batch: Batch) -> Tensor | None:
        """Return the mean loss; None of a row without company, which cannot be normalised."""
        if self.training and len(batch["x"]) == 1:
            return None
        return super().loss(batch)


def _check_blocks(channels: Sequence[int], n_samples: int, embedding_blocks: Sequence[int]) -> None:
    if not channels or min(channels) < 1:
        raise ValueError(f"model.channels: widths of at least one block, got {list(channels)}")
    needed = 3 ** (len(channels) + 1)
    if n_samples != needed:
        raise ValueError(
            f"{len(channels)} blocks take windows of 3^{len(channels) + 1} = {needed} samples, "
            f"got n_samples {n_samples}; set dataset.n_samples={needed} or change model.channels"
        )
    unknown = [i for i in embedding_blocks if not 0 <= i < len(channels)]
    if unknown:
        raise ValueError(
            f"model.embedding_blocks: blocks are 0..{len(channels) - 1}, got {unknown}"
        )
