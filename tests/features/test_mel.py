import numpy as np
import pytest
from pytest import approx

from muso_exp.features.mel import log_mel, mfcc

RATE = 22050


def tone(frequency: float, n_samples: int = 22050, amplitude: float = 1.0) -> np.ndarray:
    times = np.arange(n_samples) / RATE
    return (amplitude * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def slaney_hertz(mel: np.ndarray) -> np.ndarray:
    """Slaney's scale: 200/3 Hz a mel up to 1,000 Hz, then a factor of 6.4 in 27 steps."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def one_frame(samples: np.ndarray, n_mels: int) -> np.ndarray:
    """Power in each band of one frame, from the definitions."""
    n = len(samples)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    waves = np.exp(-2j * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n)
    power = np.abs(waves @ (hann * samples)) ** 2
    highest = 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4)
    corners = slaney_hertz(np.linspace(0, highest, n_mels + 2))
    hertz = np.arange(n // 2 + 1) * RATE / n
    bands = []
    for low, middle, high in zip(corners[:-2], corners[1:-1], corners[2:], strict=True):
        triangle = np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle))
        bands.append(np.maximum(triangle, 0) * 2 / (high - low) @ power)
    return np.array(bands)


def test_one_frame_is_what_the_definitions_say() -> None:
    waveform = np.random.default_rng(0).normal(0, 0.1, 4096).astype(np.float32)
    found = log_mel(waveform, RATE, top_db=None)[:, 3]
    expected = 10 * np.log10(one_frame(waveform[1024:2048].astype(float), 128))
    assert found == approx(expected, abs=1e-3)


def test_frames_are_one_more_than_the_whole_hops() -> None:
    assert log_mel(tone(440), RATE).shape == (128, 44)
    assert log_mel(tone(440, 3 * RATE), RATE).shape == (128, 130)
    assert mfcc(tone(440), RATE).shape == (39, 44)


def test_silence_is_the_floor() -> None:
    assert log_mel(np.zeros(2048, np.float32), RATE) == approx(np.full((128, 5), -100.0))


def test_ten_times_the_amplitude_is_20_decibels() -> None:
    quiet, loud = (log_mel(tone(440, amplitude=a), RATE) for a in (0.05, 0.5))
    assert loud - quiet == approx(20, abs=1e-3)


def test_each_waveform_is_cut_below_its_own_maximum() -> None:
    both = log_mel(np.stack([tone(440), 1e-3 * tone(440)]), RATE, top_db=60.0)
    assert both[0].min() == approx(both[0].max() - 60, abs=1e-4)
    assert both[1].max() == approx(both[0].max() - 60, abs=1e-3)
    assert both[1].min() == approx(both[1].max() - 60, abs=1e-4)


def test_a_higher_tone_sounds_in_a_higher_band() -> None:
    loudest = [log_mel(tone(f), RATE)[:, 20].argmax() for f in (110, 440, 1760, 7040)]
    assert loudest == sorted(set(loudest))


def test_a_steady_sound_has_no_differences_in_its_middle() -> None:
    period = tone(22050 / 64, 64)
    coefficients = mfcc(np.tile(period, 400), RATE)  # a hop is a whole number of periods
    assert np.abs(coefficients[13:, 8:-8]).max() < 1e-3
    assert np.abs(coefficients[:13, 8:-8]).max() > 10


def test_the_first_difference_of_a_fading_sound_is_its_fall_per_frame() -> None:
    noise = np.random.default_rng(0).normal(0, 0.2, 512)
    seconds = np.arange(512 * 60) / RATE
    fading = np.tile(noise, 60) * 10 ** (-seconds)  # 20 dB a second
    loudness = mfcc(fading.astype(np.float32), RATE)[:, 10:-10]
    assert loudness[13].mean() == approx(-20 * 512 / RATE * np.sqrt(128), rel=1e-2)
    assert np.abs(loudness[26]).max() < 1e-2


def test_differences_need_nine_frames() -> None:
    with pytest.raises(Exception, match=r"width=9 cannot exceed"):
        mfcc(tone(440, 4000), RATE)
