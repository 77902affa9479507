"""Loudness by BS.1770, against the standard's own sine and torchaudio."""

import numpy as np
import pytest
import torch
from pytest import approx
from torchaudio.functional import loudness

from muso_exp.features.loudness import integrated_loudness


def tone(
    rate: int, seconds: float = 5.0, amplitude: float = 1.0, pitch: float = 997.0
) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate)


@pytest.mark.parametrize("amplitude", [1.0, 0.1])
def test_a_sine_of_997_hz_at_full_scale_has_the_standard_s_level(amplitude: float) -> None:
    found = integrated_loudness(tone(48_000, amplitude=amplitude), 48_000)
    assert found == approx(-3.01 + 20 * np.log10(amplitude), abs=0.05)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_torchaudio_s_where_that_cuts_nothing(rate: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    swell = np.repeat(rng.uniform(0, 0.15, 8), rate)  # also quiet seconds, below the second gate
    waveform = rng.standard_normal(8 * rate) * swell * 0.5
    theirs = loudness(torch.from_numpy(waveform)[None], rate)
    assert integrated_loudness(waveform, rate) == approx(float(theirs), abs=1e-4)


def test_silent_parts_do_not_count_and_silence_has_no_level() -> None:
    loud = tone(48_000)
    quiet = np.concatenate([loud, np.zeros(5 * 48_000)])
    assert integrated_loudness(quiet, 48_000) == approx(integrated_loudness(loud, 48_000), abs=0.2)
    assert np.isnan(integrated_loudness(np.zeros(48_000), 48_000))


def test_less_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 0\.4 s are needed, got 0\.10 s"):
        integrated_loudness(np.ones(4_800), 48_000)
