"""The spectrum of a whole clip, as document 4 takes it, and put right."""

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from numba import njit
from scipy.fft import rfft

from muso_exp.options import Count, Options

FULL_SCALE = 32_768  # of 16 bits: the document reads wav files as whole numbers
_LOWEST = 27.5  # Hz, the lowest key of a piano: where `log` bins begin
_STRANDS = (4, 8, 5, 6, 7)  # into so many interleaved strands a clip is cut, whichever divides it


class SpectrumOptions(Options, frozen=True, kw_only=True):
    """What the spectrum of a clip is.

    Attributes:
        n_bins: numbers per clip.
        top: where they end, in Hz.
        grouping: `published`: every bin is the mean of n = L // n_bins lines of the Fourier
            transform, L of which lie below `top`, so that what a bin stands for depends on
            the clip's length (of 29.9 s the lines above 4,682 Hz are left out); `linear` and `log`:
            bins of the same frequencies whatever the length, of equal width, or of equal musical
            interval from 27.5 Hz on.
        window: `none` or `hann`, over the whole clip.
        magnitude: `linear`, or `log`, log(1 + magnitude).
        level: `keep`, or `remove`: how loud the clip is says nothing; the mean over the bins is
            subtracted (divided by, if magnitudes are linear).
    """

    n_bins: Count
    top: Annotated[float, Meta(gt=_LOWEST)]
    grouping: Literal["published", "linear", "log"]
    window: Literal["none", "hann"]
    magnitude: Literal["linear", "log"]
    level: Literal["keep", "remove"]

    @property
    def frequencies(self) -> np.ndarray:
        """Return where the bins begin and end, in Hz, shape (n_bins + 1,).

        Of `published` bins these hold for clips of whole pairs of seconds.
        """
        if self.grouping == "log":
            return np.geomspace(_LOWEST, self.top, self.n_bins + 1)
        return np.linspace(0, self.top, self.n_bins + 1)

    @property
    def min_seconds(self) -> float:
        """Return how long a clip must be, so that every bin holds a line of its transform."""
        return float(1 / np.diff(self.frequencies).min())


def spectrum(waveform: np.ndarray, sample_rate: int, options: SpectrumOptions) -> np.ndarray:
    """Return the magnitudes of a clip's Fourier transform, in bins.

    With the options' defaults: channels averaged, 16-bit whole numbers, |FFT| of the whole clip,
    the bins below 5,000 Hz, divided by their number 10,000 n, the mean over each n of them. Other
    groupings divide by the root of the window's energy instead, so that of a noise neither the
    clip's length nor the window changes the magnitude.

    Computed in float32, from interleaved strands at once and only up to `top`: about twice as fast
    as numpy's float64 for clips of 10 s, four times for those of 30 s (benchmarks/spectra.py), and
    within 2e-5 of it, as a share of the root mean square bin.

    Args:
        waveform: mono, -1..1, shape (n_samples,).
        sample_rate: in Hz.
        options: what the spectrum is.

    Returns:
        float32 (n_bins,).

    Raises:
        ValueError: a clip that is too short for so many bins, or of too low a rate to reach the
            top.

    Source: document 4, "Enhanced Approach", and its authors' code. Deviation: float32.
    """
    edges = bin_edges(len(waveform), sample_rate, options)
    samples = np.asarray(waveform, dtype=np.float32)
    energy = float(len(samples))
    if options.window == "hann":
        window = np.hanning(len(samples) + 1)[:-1].astype(np.float32)
        samples, energy = samples * window, float(window @ window)
    strands = _strands(samples)
    values = _grouped(strands, len(samples), edges)  # (n_bins,)
    divisor = edges[-1] if options.grouping == "published" else np.sqrt(energy)
    return _finish(values * (FULL_SCALE / divisor), options)


def bin_edges(n_samples: int, sample_rate: int, options: SpectrumOptions) -> np.ndarray:
    """Return the first Fourier line of each bin, and the end of the last, shape (n_bins + 1,).

    Raises:
        ValueError: as `spectrum`.
    """
    if sample_rate < 2 * options.top:
        raise ValueError(
            f"sample rate {sample_rate} Hz; {2 * options.top:g} is needed to reach "
            f"{options.top:g} Hz"
        )
    if options.grouping == "published":
        n_below = min(int(np.ceil(options.top * n_samples / sample_rate)), n_samples // 2)
        edges = np.arange(options.n_bins + 1) * (n_below // options.n_bins)
    else:
        edges = np.ceil(options.frequencies * n_samples / sample_rate).astype(np.int64)
    if np.diff(edges).min() < 1:
        raise ValueError(
            f"{n_samples / sample_rate:.2f} s long; {options.min_seconds:g} s are needed for "
            f"{options.n_bins} bins below {options.top:g} Hz"
        )
    return edges


def _strands(samples: np.ndarray) -> np.ndarray:
    """Return the transforms of the samples' interleaved strands, complex64 (n_lines, n_strands).

    Several short transforms at once use the processor's vector units, one long one does not.
    """
    n_strands = next((n for n in _STRANDS if len(samples) % n == 0), 1)
    return rfft(samples.reshape(-1, n_strands), axis=0)


@njit(cache=True, fastmath={"contract"})
def _grouped(strands: np.ndarray, n_samples: int, edges: np.ndarray) -> np.ndarray:
    """Return the mean magnitude of the lines of each bin, float64 (n_bins,).

    Line k of the whole is the sum over strands j of exp(-2 pi i j k / n_samples) times line k of
    strand j (decimation in time); a strand's lines repeat after n_samples / n_strands, and those
    of the upper half mirror the lower. The magnitude is the same if the sum is turned or mirrored:
    turned, Horner's rule takes the strands in their order; mirrored, only the turn changes.
    """
    n_lines, n_strands = strands.shape
    values = strands.view(np.float32)  # (n_lines, 2 n_strands), real and imaginary parts in turn
    period = n_samples // n_strands
    step = np.exp(2j * np.pi / n_samples)
    twiddle = np.exp(2j * np.pi * edges[0] / n_samples)
    own = edges[0] % period
    means = np.zeros(len(edges) - 1)
    for b in range(len(means)):
        total = 0.0
        for _ in range(edges[b], edges[b + 1]):
            upper = own >= n_lines
            row = period - own if upper else own
            cos = np.float32(twiddle.real)
            sin = np.float32(-twiddle.imag if upper else twiddle.imag)
            re, im = values[row, 0], values[row, 1]
            for j in range(2, 2 * n_strands, 2):
                next_re, next_im = values[row, j], values[row, j + 1]
                re, im = re * cos - im * sin + next_re, re * sin + im * cos + next_im
            total += np.sqrt(re * re + im * im)
            twiddle *= step
            own = own + 1 if own + 1 < period else 0
        means[b] = total / (edges[b + 1] - edges[b])
    return means


def _finish(values: np.ndarray, options: SpectrumOptions) -> np.ndarray:
    if options.magnitude == "log":
        values = np.log1p(values)
        shift = values.mean() if options.level == "remove" else 0.0
        return (values - shift).astype(np.float32)
    mean = float(values.mean()) if options.level == "remove" else 1.0
    return (values / (mean or 1.0)).astype(np.float32)
