"""The spectral contrast and the chroma of whole recordings, by librosa: a few numbers for each."""

import librosa
import numpy as np

N_FFT, HOP = 1024, 512  # samples of a window and between two; those of the cepstral coefficients
LOWEST = 200.0  # Hz, where the octave bands of the contrast begin; librosa's default
BANDS = 6  # octaves above it, where the rate has room for them; librosa's default


def contrast(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return mean and standard deviation over time of the spectral contrast, (14,).

    The difference in dB between the peaks and the valleys of seven bands: below 200 Hz, and six
    octaves from there on. At rates below 12,800 Hz there are fewer bands.

    Args:
        waveform: samples in -1..1, shape (n_samples,), at least one window of 1024.
        sample_rate: in Hz, above 400.

    Raises:
        ValueError: too few samples, or too low a rate.

    Source: Jiang et al. 2002, in librosa's form and defaults but for window and hop.
    """
    _check(waveform, sample_rate)
    n_bands = contrast_size(sample_rate) // 2 - 1
    rows = librosa.feature.spectral_contrast(
        y=waveform, sr=sample_rate, n_fft=N_FFT, hop_length=HOP, fmin=LOWEST, n_bands=n_bands
    )  # (7, n_frames)
    return _moments(rows)


def contrast_size(sample_rate: int) -> int:
    """Return how many numbers `contrast` has at a rate in Hz: 14, fewer below 12,800 Hz."""
    return 2 * (min(BANDS, int(np.ceil(np.log2(sample_rate / 2 / LOWEST)))) + 1)


def chroma(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return mean and standard deviation over time of the twelve pitch classes, (24,).

    Each frame is divided by its strongest class; tuning is taken as 440 Hz.

    Args:
        waveform: samples in -1..1, shape (n_samples,), at least one window of 1024.
        sample_rate: in Hz, above 400.

    Raises:
        ValueError: too few samples, or too low a rate.

    Source: Ellis 2007, in librosa's form. Deviation: the tuning is not estimated.
    """
    _check(waveform, sample_rate)
    rows = librosa.feature.chroma_stft(
        y=waveform, sr=sample_rate, n_fft=N_FFT, hop_length=HOP, tuning=0.0
    )  # (12, n_frames)
    return _moments(rows)


def _moments(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([rows.mean(axis=1), rows.std(axis=1)]).astype(np.float64)


def _check(waveform: np.ndarray, sample_rate: int) -> None:
    if len(waveform) < N_FFT:
        raise ValueError(f"at least {N_FFT} samples are needed, got {len(waveform)}")
    if sample_rate <= 2 * LOWEST:
        raise ValueError(f"sample rate {sample_rate} Hz; more than {2 * LOWEST:g} Hz is needed")
