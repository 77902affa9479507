"""Log-mel spectra and MFCC of whole recordings, by librosa: the reference of the front-ends."""

import warnings
from typing import Literal

import librosa
import numpy as np

Padding = Literal["reflect", "constant"]
DELTA_WIDTH = 9  # frames of a difference, librosa's default


def log_mel(
    waveform: np.ndarray,
    sample_rate: int,
    n_mels: int = 128,
    n_fft: int = 1024,
    hop_length: int = 512,
    pad_mode: Padding = "reflect",
    top_db: float | None = 80.0,
) -> np.ndarray:
    """Return the log-compressed mel spectrogram in dB.

    Periodic Hann window, frames centred on multiples of the hop, power spectrum, Slaney's mel scale
    with bands of equal area, 10 log10 of at least 1e-10, cut at `top_db` below the maximum.

    Args:
        waveform: samples in -1..1, shape (..., n_samples).
        sample_rate: in Hz.
        n_mels: bands from 0 Hz to half the rate.
        n_fft: samples in a window.
        hop_length: samples from a window to the next.
        pad_mode: what stands beyond the ends, as in numpy.pad: `reflect` or `constant`.
        top_db: range in dB below the loudest value of each waveform; None: no cut.

    Returns:
        Spectrogram in dB, shape (..., n_mels, 1 + n_samples // hop_length), float32.

    Source: document 5, section V-D (128 bands, window 1024, hop 512). The document says no more:
    the rest is the default of the librosa of its day (0.8), padding by reflection included.
    """
    power = librosa.feature.melspectrogram(
        y=waveform,
        sr=sample_rate,
        n_fft=n_fft,
        hop_length=hop_length,
        n_mels=n_mels,
        pad_mode=pad_mode,
    )
    decibels = librosa.power_to_db(power, top_db=None)
    if top_db is None:
        return decibels
    loudest = decibels.max(axis=(-2, -1), keepdims=True)  # each waveform has its own maximum
    return np.maximum(decibels, loudest - np.float32(top_db))


def empty_bands(sample_rate: int, n_mels: int, n_fft: int) -> int:
    """Return how many bands are so narrow that no frequency of the transform falls into them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters")
        filters = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)
    return int((filters.max(axis=1) == 0).sum())


def mfcc(
    waveform: np.ndarray,
    sample_rate: int,
    n_mfcc: int = 13,
    n_mels: int = 128,
    n_fft: int = 1024,
    hop_length: int = 512,
    pad_mode: Padding = "reflect",
    top_db: float | None = 80.0,
) -> np.ndarray:
    """Return mel-frequency cepstral coefficients with their first and second differences.

    Args:
        waveform: samples in -1..1, shape (..., n_samples), at least 9 frames long.
        sample_rate: in Hz.
        n_mfcc: coefficients, the first one (loudness) included.
        n_mels: see `log_mel`.
        n_fft: see `log_mel`.
        hop_length: see `log_mel`.
        pad_mode: see `log_mel`.
        top_db: see `log_mel`.

    Returns:
        Coefficients, first and second differences, shape (..., 3 * n_mfcc, n_frames), float32.

    Source: document 5, section V-D: 13 coefficients, 39 with the differences.
    """
    decibels = log_mel(waveform, sample_rate, n_mels, n_fft, hop_length, pad_mode, top_db)
    # in float32 the sum over bands would be off by up to .001
    coefficients = librosa.feature.mfcc(S=decibels.astype(np.float64), n_mfcc=n_mfcc)
    differences = [
        librosa.feature.delta(coefficients, width=DELTA_WIDTH, order=order) for order in (1, 2)
    ]
    return np.concatenate([coefficients, *differences], axis=-2).astype(np.float32)
