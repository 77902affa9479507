"""Two convolutions along time over log-mel bands: the network that the thesis builds on."""

from collections.abc import Sequence
from typing import Any

from msgspec import convert, to_builtins
from torch import Tensor, nn

from muso_exp.models.audio import AudioModel
from muso_exp.models.audio_layers import start_he_uniform
from muso_exp.models.frontends import LogMel
from muso_exp.models.mel_cnn import HEAD_STD, PUBLISHED, WindowMelOptions
from muso_exp.options import Count, Share


class OordCNN(AudioModel):
    """Log-mel spectrogram, two convolutions along time, two fully connected layers.

    A filter spans all bands, so that it moves along time alone, and some frames; each convolution
    is followed by ReLU and max-pooling along time. The second fully connected layer is the head.
    Each band is normalised as in `MelCNN`. Heads, losses: `AudioModel`.

    Args:
        head: from the data set, see `AudioModel`.
        n_outputs: from the data set.
        n_samples: length of a window in samples, from the data set; published: 3 s.
        sample_rate: in Hz, from the data set; published: 22,050.
        spectrum: what the spectrogram of a window is.
        n_filters: of the two convolutions.
        filter_length: of their filters, in frames.
        pools: frames that each pooling takes together.
        hidden_size: of the first fully connected layer, the representation.
        dropout: after it.
        **training: optimizer, lr, momentum, weight_decay, n_stages, lr_factor, patience and
            lr_decay, see `muso_exp.models.audio.AudioModel`.

    Raises:
        ValueError: not two convolutions with two poolings, or a window that they leave nothing of.

    Source: van den Oord, Dieleman, Schrauwen 2013, section 5.2 (bands, windows, 3 s); thesis,
    chapter 4 ("2 convolutional layers followed by two fully connected layers"). Deviation: neither
    gives sizes of layers, optimiser or dropout; they are ours.
    """

    def __init__(
        self,
        head: str,
        n_outputs: int,
        n_samples: int,
        sample_rate: int,
        spectrum: WindowMelOptions = PUBLISHED,
        n_filters: Sequence[Count] = (256, 256),
        filter_length: Count = 4,
        pools: Sequence[Count] = (4, 2),
        hidden_size: Count = 512,
        dropout: Share = 0.5,
        **training: Any,
    ) -> None:
        super().__init__(head, n_outputs, n_samples, **training)
        if len(n_filters) != 2 or len(pools) != 2:
            raise ValueError(
                f"model.n_filters and model.pools: two layers are needed, got {list(n_filters)} "
                f"and {list(pools)}"
            )
        spectrum = convert(spectrum, WindowMelOptions)  # a checkpoint keeps plain values
        self.save_hyperparameters(logger=False)
        self.hparams["spectrum"] = to_builtins(spectrum)
        self.log_mel = LogMel(sample_rate, spectrum)
        available = self.log_mel.n_frames(n_samples)
        self.n_frames = min(spectrum.n_frames or available, available)
        # momentum None: the mean over all batches, not a moving one
        self.standardise = nn.BatchNorm1d(spectrum.n_mels, affine=False, momentum=None)
        widths = [spectrum.n_mels, *n_filters]
        self.convolutions = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv1d(n_in, n_out, filter_length, padding="same"),
                    nn.ReLU(inplace=True),
                    nn.MaxPool1d(pool),
                )
                for n_in, n_out, pool in zip(widths, n_filters, pools, strict=False)
            )
        )
        left = self.n_frames // pools[0] // pools[1]
        if left == 0:
            raise ValueError(
                f"{self.n_frames} frames cannot be pooled by {list(pools)}; take longer windows "
                "(dataset.windows.n_samples) or smaller model.pools"
            )
        self.connected = nn.Linear(n_filters[1] * left, hidden_size)
        start_he_uniform(self)
        self.finish(hidden_size, dropout, normalise=False)
        nn.init.normal_(self.dense.weight, std=HEAD_STD)

    def embed(self, x: Tensor) -> Tensor:
        """Return the first fully connected layer (B, 512) of windows x (B, S)."""
        x = self.log_mel(x)[:, :, : self.n_frames]  # (B, 128, 130)
        x = self.standardise(x)
        x = self.convolutions(x).flatten(1)  # (B, 256, 16), then (B, 4096)
        return self.connected(x).relu()  # (B, 512)
