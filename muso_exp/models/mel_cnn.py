"""A convolutional network on log-mel spectrograms, from sound to genres or factors."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from msgspec import convert, to_builtins
from torch import Tensor, nn
from torch.nn.functional import interpolate

from muso_exp.models.audio import AudioModel
from muso_exp.models.audio_layers import lay_out, start_he_uniform
from muso_exp.models.frontends import LogMel, MelOptions
from muso_exp.models.stripe_masks import StripeMask
from muso_exp.options import Count, Share, ZeroOrMore

HEAD_STD = 0.01  # of the head's weights at the start


class WindowMelOptions(MelOptions, frozen=True, kw_only=True):
    """What the mel spectrogram of a window is.

    Attributes:
        n_frames: the first so many frames are used; 0: all.
        resized_frames: those that are used are resized to so many in time, by linear interpolation
            over all frames that fall into one (as Pillow and scikit-image resize); 0: as they are.
    """

    n_frames: ZeroOrMore = 0
    resized_frames: ZeroOrMore = 0


PUBLISHED = WindowMelOptions()  # document 5, section V-D


class MelCNN(AudioModel):
    """Log-mel spectrogram, convolutions with ReLU and max-pooling, two fully connected layers.

    The second fully connected layer, after its ReLU, is the representation; the head stands on it:
    softmax over genres, or linear outputs for a regression to factors. Heads, losses: `AudioModel`.

    The input is one channel of n_mels x n_frames, 1 + n_samples // hop_length frames: 128 x 44 for
    22,050 samples (document 5's input, 1 s), 128 x 130 for 66,150 (its 3 s, which are 129 whole
    hops); or any window resized to 128 x 44 (`spectrum.resized_frames`). Each band is normalised
    by mean and standard deviation over all train windows seen so far (in training: over the batch),
    without weights of its own.

    Open in document 5, and our choice: number, widths and lengths of the convolutions and of the
    fully connected layers, pooling, dropout, normalisation, start, optimiser, batch, epochs.
    Weights start He-uniform but for the head's, which are next to 0: so it begins at the mean of
    standardised targets and at even odds, and needs about half the epochs of a head that starts as
    wide as the other layers.

    Args:
        head: from the data set, see `AudioModel`.
        n_outputs: from the data set.
        n_samples: length of a window in samples, from the data set.
        sample_rate: in Hz, from the data set.
        spectrum: what the spectrogram of a window is.
        channels: of each 3 x 3 convolution, each followed by ReLU and pooling by 2 x 2.
        hidden_sizes: of the two fully connected layers.
        dropout: after the second fully connected layer.
        batch_norm: normalise the batch after each convolution.
        freq_mask, time_mask: widest stripe of bands and of frames that is set to the bands' means
            in each window of training (SpecAugment); its width is uniform from 0 on; 0: none.
        normalise: head `factors` only: outputs and targets divided by their norms.
        channels_last: layout of the numbers, see `muso_exp.models.audio.lay_out`.
        **training: optimizer, lr, momentum, weight_decay, n_stages, lr_factor, patience and
            lr_decay, see `muso_exp.models.audio.AudioModel`.

    Raises:
        ValueError: more frames than the window has, no convolution, not two fully connected
            layers, a spectrogram too small to be pooled that often, or a mask as wide as it.

    Source: document 5, section V-D; Park et al. 2019 for the masks. Deviation: none where it says
    something. It says windows of 3 s, and that "each song mel spectrogram tensor is resized to
    128x44": by default the input is a window of that length; `genre_resized` has both readings.
    """

    def __init__(
        self,
        head: str,
        n_outputs: int,
        n_samples: int,
        sample_rate: int,
        spectrum: WindowMelOptions = PUBLISHED,
        channels: Sequence[Count] = (32, 64, 128, 128),
        hidden_sizes: Sequence[Count] = (256, 128),
        dropout: Share = 0.5,
        batch_norm: bool = False,
        freq_mask: ZeroOrMore = 0,
        time_mask: ZeroOrMore = 0,
        normalise: bool = False,
        channels_last: bool | None = None,
        **training: Any,
    ) -> None:
        super().__init__(head, n_outputs, n_samples, **training)
        spectrum = convert(spectrum, WindowMelOptions)  # a checkpoint keeps plain values
        self.save_hyperparameters(logger=False)
        self.hparams["spectrum"] = to_builtins(spectrum)
        self.channels_last = channels_last
        self.log_mel = LogMel(sample_rate, spectrum)
        n_mels = spectrum.n_mels
        self.n_used = _frames(spectrum.n_frames, self.log_mel.n_frames(n_samples))
        self.n_frames = spectrum.resized_frames or self.n_used
        # momentum None: the mean over all batches, not a moving one
        self.standardise = nn.BatchNorm1d(n_mels, affine=False, momentum=None)
        self.masks = _masks(freq_mask, time_mask, n_mels, self.n_frames)
        self.convolutions = nn.Sequential(
            *(_block(n_in, n_out, batch_norm) for n_in, n_out in pairwise([1, *channels]))
        )
        size = _pooled(n_mels, self.n_frames, channels)
        if len(hidden_sizes) != 2:
            raise ValueError(f"model.hidden_sizes: two layers needed, got {list(hidden_sizes)}")
        self.first = nn.Linear(size, hidden_sizes[0])
        self.second = nn.Linear(hidden_sizes[0], hidden_sizes[1])
        start_he_uniform(self)
        self.finish(hidden_sizes[1], dropout, normalise)
        nn.init.normal_(self.dense.weight, std=HEAD_STD)

    def embed(self, x: Tensor) -> Tensor:
        """Return the second fully connected layer (B, 128) of windows x (B, S)."""
        x = self.log_mel(x)[:, :, : self.n_used]  # (B, 128, 44), or 130 that become 44
        x = resized(x, self.n_frames)
        x = self.standardise(x)  # each band's mean is 0
        x = self.masks(x) if self.training else x
        x = lay_out(x, self.channels_last)  # (B, 1, 128, 44)
        x = self.convolutions(x).flatten(1)  # (B, 128, 8, 2), then (B, 2048)
        return self.second(self.first(x).relu()).relu()  # (B, 256), then (B, 128)


def resized(x: Tensor, n_frames: int) -> Tensor:
    """Return spectrograms (B, n_mels, T) with n_frames frames; x itself where it has as many.

    Linear interpolation in time; where frames get fewer, a frame is the weighted mean of all those
    that its place covers. Bands stay as they are.
    """
    if x.shape[-1] == n_frames:
        return x
    size = (x.shape[1], n_frames)
    return interpolate(x[:, None], size, mode="bilinear", antialias=True)[:, 0]


def _block(n_in: int, n_out: int, batch_norm: bool) -> nn.Sequential:
    norm = [nn.BatchNorm2d(n_out)] if batch_norm else []
    conv = nn.Conv2d(n_in, n_out, 3, padding=1)
    return nn.Sequential(conv, *norm, nn.ReLU(inplace=True), nn.MaxPool2d(2))


def _masks(freq_mask: int, time_mask: int, n_mels: int, n_frames: int) -> nn.Sequential:
    """Return what sets a stripe of bands and one of frames to 0, others in each window."""
    if freq_mask >= n_mels or time_mask >= n_frames:
        raise ValueError(
            f"model.freq_mask must be below {n_mels} bands and model.time_mask below {n_frames} "
            f"frames, got {freq_mask} and {time_mask}"
        )
    masks: list[nn.Module] = []
    if freq_mask:
        masks.append(StripeMask(1, freq_mask))
    if time_mask:
        masks.append(StripeMask(2, time_mask))
    return nn.Sequential(*masks)


def _frames(asked: int, available: int) -> int:
    if asked > available:
        raise ValueError(
            f"model.spectrum.n_frames must be 0 (all) or at most the window's {available} frames, "
            f"got {asked}"
        )
    return asked or available


def _pooled(n_mels: int, n_frames: int, channels: Sequence[int]) -> int:
    """Return how many numbers are left after all blocks."""
    if not channels:
        raise ValueError(f"model.channels: at least one convolution, got {list(channels)}")
    shrunk = 2 ** len(channels)
    size = channels[-1] * (n_mels // shrunk) * (n_frames // shrunk)
    if size == 0:
        raise ValueError(
            f"{n_mels} x {n_frames} cannot be pooled {len(channels)} times by 2; "
            f"take longer windows (dataset.n_samples) or fewer model.channels"
        )
    return size
