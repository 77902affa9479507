import re

import msgspec
import numpy as np
import pytest
from pytest import approx
from tiny_songs import spectrum_options

from muso_exp.features.audio import bin_edges, spectrum

RATE = 22_050


def tone(line: int, n_samples: int, amplitude: float = 1.0) -> np.ndarray:
    """A cosine that falls on one line of the Fourier transform."""
    return (amplitude * np.cos(2 * np.pi * line * np.arange(n_samples) / n_samples)).astype(
        np.float32
    )


def published(waveform: np.ndarray, rate: int, n_bins: int = 10_000) -> np.ndarray:
    """The document's steps, as it words them, in float64."""
    samples = np.round(waveform.astype(np.float64) * 32_768)
    magnitudes = np.abs(np.fft.fft(samples))[: len(samples) // 2]
    below = magnitudes[np.arange(len(magnitudes)) * rate / len(samples) < 5_000]
    n = len(below) // n_bins
    return (below[: n_bins * n] / (n_bins * n)).reshape(n_bins, n).mean(axis=1)


def noise(n_samples: int, seed: int = 0) -> np.ndarray:
    waveform = np.random.default_rng(seed).normal(scale=0.1, size=n_samples)
    return (np.round(waveform * 32_768) / 32_768).astype(np.float32)


def test_a_pure_tone_lands_in_its_bin_with_its_value() -> None:
    n_samples = 6 * RATE  # lines every 1/6 Hz, 30,000 below 5 kHz: three a bin
    values = spectrum(tone(3_000, n_samples, 0.5), RATE, spectrum_options())  # 500 Hz
    assert values.argmax() == 1_000
    assert values[1_000] == approx(0.5 * 32_768 * n_samples / 2 / 30_000 / 3, rel=1e-5)
    assert np.delete(values, 1_000).max() < 1e-4 * values[1_000]


@pytest.mark.parametrize(
    "n_samples", [RATE * 5, RATE * 5 + 2, RATE * 30, 110_251, 109_987, 105_840]
)
def test_the_spectrum_is_the_documents(n_samples: int) -> None:
    waveform = noise(n_samples)
    expected = published(waveform, RATE)
    values = spectrum(waveform, RATE, spectrum_options())
    assert values.dtype == np.float32 and values.shape == (10_000,)
    assert np.abs(values - expected).max() < 2e-5 * np.sqrt((expected**2).mean())


@pytest.mark.parametrize("rate", [10_000, 16_000, 44_100])
def test_the_spectrum_is_the_documents_at_any_rate(rate: int) -> None:
    waveform = noise(3 * rate + 4)
    expected = published(waveform, rate)
    assert np.abs(spectrum(waveform, rate, spectrum_options()) - expected).max() < 2e-5 * np.sqrt(
        (expected**2).mean()
    )


def test_lines_beyond_the_last_whole_group_are_left_out() -> None:
    edges = bin_edges(int(2.99 * RATE), RATE, spectrum_options())
    assert edges[-1] == 10_000  # of 14,950 lines below 5 kHz: up to 3,344 Hz


def test_linear_bins_hold_the_same_frequencies_whatever_the_length() -> None:
    options = spectrum_options(n_bins=100, grouping="linear")  # 50 Hz each
    for seconds in (3, 4.7):
        n_samples = int(seconds * RATE)
        line = round(1_025 * n_samples / RATE)
        assert spectrum(tone(line, n_samples), RATE, options).argmax() == 20


def test_log_bins_are_equal_musical_intervals() -> None:
    options = spectrum_options(n_bins=90, grouping="log", top=27.5 * 2**7.5)  # semitones
    n_samples = 30 * RATE
    line = round(440 * 2 ** (0.5 / 12) * 30)  # inside the semitone that begins at 440 Hz
    assert spectrum(tone(line, n_samples), RATE, options).argmax() == 48


def test_a_noise_of_any_length_and_window_is_as_loud() -> None:
    levels = [
        spectrum(
            noise(n), RATE, spectrum_options(n_bins=50, grouping="linear", window=window)
        ).mean()
        for n in (4 * RATE, 16 * RATE)
        for window in ("none", "hann")
    ]
    assert levels == approx([0.1 * 32_768 * np.sqrt(np.pi / 4)] * 4, rel=0.01)


def test_a_hann_window_keeps_a_tone_between_two_lines_together() -> None:
    between = np.cos(2 * np.pi * 500.5 * np.arange(2 * RATE) / (2 * RATE)).astype(np.float32)
    plain, hann = (
        spectrum(between, RATE, spectrum_options(n_bins=200, grouping="linear", window=window))
        for window in ("none", "hann")
    )
    assert hann[100] / hann.max() < plain[100] / plain.max() / 1000


@pytest.mark.parametrize("magnitude", ["linear", "log"])
def test_without_level_a_louder_clip_is_the_same(magnitude: str) -> None:
    options = spectrum_options(n_bins=100, grouping="linear", magnitude=magnitude, level="remove")
    soft, loud = spectrum(noise(RATE), RATE, options), spectrum(4 * noise(RATE), RATE, options)
    assert np.abs(loud - soft).max() < 0.01 * np.ptp(soft)


def test_silence_is_silent() -> None:
    for magnitude in ("linear", "log"):
        for level in ("keep", "remove"):
            options = spectrum_options(n_bins=100, magnitude=magnitude, level=level)
            assert (spectrum(np.zeros(RATE), RATE, options) == 0).all()


def test_a_log_magnitude_is_the_logarithm_of_one_more() -> None:
    log, linear = (
        spectrum(noise(RATE), RATE, spectrum_options(n_bins=100, magnitude=name))
        for name in ("log", "linear")
    )
    assert log == approx(np.log1p(linear), rel=1e-5)


def test_the_document_needs_two_seconds() -> None:
    assert spectrum_options().min_seconds == approx(2)
    spectrum(noise(2 * RATE), RATE, spectrum_options())
    with pytest.raises(ValueError, match=r"1\.99 s long; 2 s are needed for 10000 bins below 5000"):
        spectrum(noise(int(1.99 * RATE)), RATE, spectrum_options())


def test_a_rate_that_does_not_reach_the_top_is_refused() -> None:
    with pytest.raises(ValueError, match="sample rate 8000 Hz; 10000 is needed to reach 5000 Hz"):
        spectrum(noise(80_000), 8_000, spectrum_options())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grouping": "odd"}, "Invalid enum value 'odd' - at `$.grouping`"),
        ({"window": "odd"}, "Invalid enum value 'odd' - at `$.window`"),
        ({"magnitude": "odd"}, "Invalid enum value 'odd' - at `$.magnitude`"),
        ({"level": "odd"}, "Invalid enum value 'odd' - at `$.level`"),
        ({"n_bins": 0}, "Expected `int` >= 1 - at `$.n_bins`"),
        ({"top": 20.0}, "Expected `float` > 27.5 - at `$.top`"),
    ],
)
def test_a_spectrum_that_cannot_be_is_refused(options: dict, message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=re.escape(message)):
        spectrum_options(**options)
