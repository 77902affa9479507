"""A recording as a bag of its frames: mean and covariance of its cepstral coefficients."""

import numpy as np

from muso_exp.features.mel import mfcc


def bag_of_mfcc(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the mean and the upper triangle of the covariance of 39 coefficients, (819,).

    The same numbers, of the whole recording, as `muso_exp.models.bag_of_mfcc.BagOfMFCC` makes of
    each window.

    Args:
        waveform: samples in -1..1, shape (n_samples,), at least 9 frames of 512 samples.
        sample_rate: in Hz.

    Source: document 5, section V-D (the 39 coefficients). Deviation: mean and covariance, where
    it does not say how frames become a bag.
    """
    series = mfcc(waveform, sample_rate).astype(np.float64)  # (39, n_frames)
    mean = series.mean(axis=1)
    covariance = np.cov(series, bias=True)
    return np.concatenate([mean, covariance[np.triu_indices(len(mean))]])
