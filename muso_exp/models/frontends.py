"""Spectral front-ends inside a model's graph: log-mel and MFCC, on whatever device it is on."""

from typing import Literal

import librosa
import torch
from scipy.fft import dct
from scipy.signal import savgol_coeffs, savgol_filter
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from muso_exp.options import Count, Options, Positive, TwoOrMore

DELTA_WIDTH = 9  # frames of a difference, librosa's default
FLOOR = 1e-10  # of the power, librosa's default


class MelOptions(Options, frozen=True, kw_only=True):
    """What a mel spectrogram is.

    Attributes:
        n_mels: bands from 0 Hz to half the rate.
        n_fft: samples in a window (periodic Hann).
        hop_length: samples from a window to the next.
        pad_mode: what stands beyond the ends of a waveform: `reflect` or `constant` (zeros).
        top_db: range in dB below the loudest value of each waveform; None: no cut.
        precise: transform in float64, as librosa does; float32 takes two thirds of the time, runs
            on devices without float64, and is off by up to .001 dB at 80 dB below the loudest, by
            .01 dB and more further down.
    """

    n_mels: Count = 128
    n_fft: TwoOrMore = 1024
    hop_length: Count = 512
    pad_mode: Literal["reflect", "constant"] = "reflect"
    top_db: Positive | None = 80.0
    precise: bool = True


PUBLISHED = MelOptions()  # document 5, section V-D


class MelPower(nn.Module):
    """Power in each band of a mel scale, frame by frame.

    torchaudio's own transform is slower on a CPU (`benchmarks/log_mel.py`): it transforms the
    whole batch at once, so that each step writes tens of megabytes of fresh memory, three times the
    time of the same transforms waveform by waveform in the processor's cache; its power comes from
    a complex modulus, a square root for each number; its filters multiply mostly zeros. Here a CPU
    takes one waveform at a time, real and imaginary parts are squared, and filters are applied in
    groups of neighbours without a group's far frequencies. torchaudio's filters, made in float32,
    are off by up to .003 dB, so librosa's are taken.

    Args:
        sample_rate: in Hz.
        spectrum: what the spectrogram is.

    Raises:
        ValueError: in `forward`, a waveform shorter than half a window.
    """

    window: Tensor

    def __init__(self, sample_rate: int, spectrum: MelOptions = PUBLISHED) -> None:
        super().__init__()
        n_fft, n_mels = spectrum.n_fft, spectrum.n_mels
        self.n_fft, self.hop_length = n_fft, spectrum.hop_length
        self.pad_mode = spectrum.pad_mode
        self.dtype = torch.float64 if spectrum.precise else torch.float32
        window = torch.hann_window(n_fft, dtype=torch.float64)  # float32 would be off by 1e-7
        self.register_buffer("window", window.to(self.dtype), persistent=False)
        filters = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)
        self.spans = self._keep_groups(torch.from_numpy(filters.T))  # (n_fft / 2 + 1, n_mels)

    def n_frames(self, n_samples: int) -> int:
        """Return the number of frames of a waveform: 44 of 22,050 samples, 130 of 66,150."""
        return 1 + n_samples // self.hop_length

    def forward(self, x: Tensor) -> Tensor:
        """Return the power (B, n_frames, n_mels) of waveforms x (B, S), float32."""
        if x.shape[-1] <= self.n_fft // 2:
            raise ValueError(
                f"a spectrogram needs more than {self.n_fft // 2} samples, got {x.shape[-1]}; "
                f"use longer windows (dataset.n_samples)"
            )
        with torch.autocast(x.device.type, enabled=False):
            parts = x.split(1) if x.device.type == "cpu" else [x]  # one fits the processor's cache
            return torch.cat([self._mel_power(part.to(self.dtype)) for part in parts])

    def _mel_power(self, x: Tensor) -> Tensor:
        """Return the power in each band, (B, n_frames, n_mels)."""
        half = self.n_fft // 2
        x = pad(x[:, None], (half, half), mode=self.pad_mode)[:, 0]  # (B, S + n_fft)
        frames = x.unfold(1, self.n_fft, self.hop_length) * self.window  # (B, n_frames, n_fft)
        spectrum = torch.fft.rfft(frames)  # (B, n_frames, n_fft / 2 + 1)
        real, imaginary = spectrum.real, spectrum.imag
        power = torch.addcmul(real.square(), imaginary, imaginary).float()
        groups = [power[..., low:high] @ getattr(self, name) for name, low, high in self.spans]
        return torch.cat(groups, dim=2)

    def _keep_groups(self, filters: Tensor, n_groups: int = 4) -> list[tuple[str, int, int]]:
        """Keep the filters of neighbouring bands, each group from its first bin to its last.

        Returns:
            Buffer name, first bin and one past the last bin of each group.
        """
        spans = []
        for number, bands in enumerate(filters.tensor_split(n_groups, dim=1)):
            bins = bands.any(dim=1).nonzero()
            low = int(bins.min()) if len(bins) else 0
            high = int(bins.max()) + 1 if len(bins) else 1
            name = f"filters_{number}"
            self.register_buffer(name, bands[low:high].contiguous(), persistent=False)
            spans.append((name, low, high))
        return spans


class LogMel(MelPower):
    """Log-compressed mel spectrogram in dB, the numbers of `muso_exp.features.mel.log_mel`.

    Args:
        sample_rate: in Hz.
        spectrum: what the spectrogram is.

    Source: document 5, section V-D; see `muso_exp.features.mel.log_mel`.
    """

    def __init__(self, sample_rate: int, spectrum: MelOptions = PUBLISHED) -> None:
        super().__init__(sample_rate, spectrum)
        self.top_db = spectrum.top_db

    def forward(self, x: Tensor) -> Tensor:
        """Return the spectrogram (B, n_mels, n_frames) in dB of waveforms x (B, S), float32."""
        with torch.autocast(x.device.type, enabled=False):
            decibels = super().forward(x).clamp(min=FLOOR).log10() * 10  # (B, n_frames, n_mels)
        if self.top_db is not None:
            loudest = decibels.amax(dim=(1, 2), keepdim=True)  # (B, 1, 1)
            decibels = decibels.maximum(loudest - self.top_db)
        return decibels.transpose(1, 2)  # (B, n_mels, n_frames)


class MFCC(nn.Module):
    """Cepstral coefficients with differences, the numbers of `muso_exp.features.mel.mfcc`.

    Differences are least-squares slopes over 9 frames, at both ends those of a polynomial through
    the 9 last frames (torchaudio's repeat the last frame instead).

    Args:
        sample_rate: in Hz.
        n_mfcc: coefficients, the first one (loudness) included.
        spectrum: what the spectrogram is that they are taken from.

    Source: document 5, section V-D: 13 coefficients, 39 with the differences.
    """

    dct: Tensor

    def __init__(
        self,
        sample_rate: int,
        n_mfcc: Count = 13,
        spectrum: MelOptions = PUBLISHED,
    ) -> None:
        super().__init__()
        self.log_mel = LogMel(sample_rate, spectrum)
        self.n_coefficients = 3 * n_mfcc
        cosines = dct(torch.eye(spectrum.n_mels, dtype=torch.float64).numpy(), axis=0, norm="ortho")
        rows = torch.from_numpy(cosines[:n_mfcc]).to(self.log_mel.dtype)
        self.register_buffer("dct", rows, persistent=False)
        self.first, self.second = Difference(order=1), Difference(order=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients (B, 3 * n_mfcc, n_frames) of waveforms x (B, S), float32."""
        decibels = self.log_mel(x)  # (B, n_mels, n_frames)
        with torch.autocast(x.device.type, enabled=False):
            # in float32 the sum over bands would be off by up to .001
            coefficients = (self.dct @ decibels.to(self.dct.dtype)).float()  # (B, n_mfcc, n_frames)
            both = [self.first(coefficients), self.second(coefficients)]
        return torch.cat([coefficients, *both], dim=1)  # (B, 3 * n_mfcc, n_frames)


class Difference(nn.Module):
    """Slope or curvature of a series: a polynomial of the same order fitted to 9 frames.

    Args:
        order: 1, slope, or 2, curvature; in units per frame.

    Source: Savitzky and Golay 1964, as librosa.feature.delta computes it. Deviation: none.
    """

    kernel: Tensor
    ends: Tensor

    def __init__(self, order: int) -> None:
        super().__init__()
        width = DELTA_WIDTH
        kernel = savgol_coeffs(width, order, deriv=order, use="dot")  # (9,)
        ends = savgol_filter(torch.eye(width, dtype=torch.float64), width, order, order, axis=1)
        self.register_buffer("kernel", torch.from_numpy(kernel).float(), persistent=False)
        self.register_buffer("ends", torch.from_numpy(ends).float(), persistent=False)  # (9, 9)

    def forward(self, x: Tensor) -> Tensor:
        """Return the differences (B, C, T) of series x (B, C, T).

        Raises:
            ValueError: fewer than 9 frames.
        """
        width, half = DELTA_WIDTH, DELTA_WIDTH // 2
        if x.shape[-1] < width:
            raise ValueError(
                f"differences need at least {width} frames, got {x.shape[-1]}; "
                f"use longer windows (dataset.n_samples)"
            )
        flat = x.reshape(-1, 1, x.shape[-1])  # (B * C, 1, T)
        middle = conv1d(flat, self.kernel[None, None]).reshape(*x.shape[:-1], -1)  # (B, C, T - 8)
        first = x[..., :width] @ self.ends[:, :half]  # (B, C, 4)
        last = x[..., -width:] @ self.ends[:, -half:]  # (B, C, 4)
        return torch.cat([first, middle, last], dim=-1)  # (B, C, T)
