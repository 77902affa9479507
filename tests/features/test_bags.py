"""A recording as a bag of frames: the offline numbers are those of the model."""

import numpy as np
import pytest
import torch

from muso_exp.features.bags import bag_of_mfcc
from muso_exp.features.mel import mfcc
from muso_exp.models.bag_of_mfcc import BagOfMFCC

RATE = 8000


def waveform() -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 300 * (1 + time) * time)
    return (0.3 * tone + 0.05 * rng.standard_normal(RATE)).astype(np.float32)


def test_a_bag_is_the_mean_and_the_upper_covariance_of_39_coefficients() -> None:
    series = mfcc(waveform(), RATE)
    bag = bag_of_mfcc(waveform(), RATE)
    assert bag.shape == (39 + 39 * 40 // 2,)
    assert bag[:39] == pytest.approx(series.mean(axis=1), abs=1e-3)
    first = series[0] - series[0].mean()
    assert bag[39] == pytest.approx((first**2).mean(), rel=1e-4)
    assert bag[40] == pytest.approx((first * (series[1] - series[1].mean())).mean(), rel=1e-3)


def test_the_model_makes_the_same_bag() -> None:
    model = BagOfMFCC("tags", 2, RATE)
    own = model.describe(torch.from_numpy(waveform())[None])[0].numpy()
    assert own == pytest.approx(bag_of_mfcc(waveform(), RATE), rel=1e-3, abs=0.05)
