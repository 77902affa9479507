"""Spectral contrast and chroma of whole recordings."""

import numpy as np
import pytest

from muso_exp.features.timbre import chroma, contrast

RATE = 16000


def tone(pitch: float, seconds: float = 1.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * pitch * np.arange(int(RATE * seconds)) / RATE)


@pytest.mark.parametrize(("pitch", "pitch_class"), [(440.0, 9), (880.0, 9), (261.63, 0)])
def test_a_tone_is_strongest_in_its_own_pitch_class(pitch: float, pitch_class: int) -> None:
    found = chroma(tone(pitch), RATE)
    assert found.shape == (24,)
    assert found[:12].argmax() == pitch_class


def test_a_tone_has_more_contrast_than_noise_where_it_sounds() -> None:
    noise = 0.3 * np.random.default_rng(0).normal(size=RATE)
    quiet = 1e-4 * np.random.default_rng(1).normal(size=RATE)
    of_tone, of_noise = contrast(tone(1000.0) + quiet, RATE), contrast(noise, RATE)
    assert of_tone.shape == of_noise.shape == (14,)
    own = 3  # 800 to 1600 Hz: below 200, 200 to 400, 400 to 800, this
    assert of_tone[own] > of_noise[own] + 10
    assert of_tone[:7].argmax() == own


def test_at_a_low_rate_there_are_fewer_bands() -> None:
    assert contrast(tone(300.0), 8000).shape == (12,)  # below 200, and five octaves to 6400
    assert contrast(tone(300.0), 22050).shape == (14,)


@pytest.mark.parametrize("numbers", [chroma, contrast])
def test_too_few_samples_or_too_low_a_rate_are_refused(numbers: callable) -> None:
    with pytest.raises(ValueError, match="at least 1024 samples are needed, got 1023"):
        numbers(np.zeros(1023), RATE)
    with pytest.raises(ValueError, match="sample rate 400 Hz; more than 400 Hz is needed"):
        numbers(np.zeros(2000), 400)
