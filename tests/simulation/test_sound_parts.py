"""Notes, drum hits and the grid of beats, by hand."""

import numpy as np
import pytest

from muso_exp.simulation.sound_genres import BEATS
from muso_exp.simulation.sound_instruments import (
    INSTRUMENTS,
    VOWELS,
    frequency,
    hat,
    kick,
    note,
    snare,
    sung,
)
from muso_exp.simulation.sound_rhythm import beat_grid, drum_levels, levels, onsets, place_grains

SAMPLE_RATE = 22050


def loudest(waveform: np.ndarray) -> float:
    """Frequency with the most power, Hz."""
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE)[spectrum.argmax()])


def test_concert_a_is_440_hz_and_an_octave_doubles() -> None:
    assert frequency(69) == 440 and frequency(81) == 880 and frequency(57) == 220


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_plays_in_tune(name: str) -> None:
    waveform = note(INSTRUMENTS[name], 69, 0.5, SAMPLE_RATE, np.random.default_rng(0))
    assert waveform.dtype == np.float32 and waveform.shape == (SAMPLE_RATE // 2,)
    assert waveform[0] == 0 and waveform[-1] == 0
    harmonic = loudest(waveform) / 440
    assert abs(harmonic - round(harmonic)) < 0.02 and round(harmonic) >= 1


def test_a_high_note_has_no_harmonics_beyond_the_band() -> None:
    waveform = note(INSTRUMENTS["saw"], 108, 0.5, SAMPLE_RATE, np.random.default_rng(0))
    assert loudest(waveform) == pytest.approx(4186, abs=10)


def test_a_plucked_string_grows_dull() -> None:
    string = note(INSTRUMENTS["guitar"], 50, 1.0, SAMPLE_RATE, np.random.default_rng(0))
    shares = []
    for part in (string[:8192], string[-8192:]):
        power = np.abs(np.fft.rfft(part)) ** 2
        shares.append(power[power.size // 8 :].sum() / power.sum())
    assert shares[1] < shares[0] / 2


def test_vowels_differ_and_a_glide_falls() -> None:
    rng = np.random.default_rng(0)
    spectra = [np.abs(np.fft.rfft(sung(45, 0.3, v, 1.0, SAMPLE_RATE, rng))) for v in range(5)]
    likeness = np.corrcoef(spectra)[np.triu_indices(len(VOWELS), 1)]
    assert likeness.max() < 0.9
    falling = sung(57, 0.5, 0, 1.0, SAMPLE_RATE, rng, glide=-12.0)
    end = falling[-2000:-200]
    likeness = np.correlate(end, end, "full")[len(end) - 1 :]
    period = 150 + int(likeness[150:300].argmax())
    assert SAMPLE_RATE / period == pytest.approx(122, abs=8)  # it began at 220 Hz


def test_drums_are_low_middle_and_high_and_tuned() -> None:
    rng = np.random.default_rng(0)
    low, high = loudest(kick(0.7, SAMPLE_RATE)), loudest(kick(1.5, SAMPLE_RATE))
    assert low < high < 130
    power = np.abs(np.fft.rfft(hat(1.0, SAMPLE_RATE, rng))) ** 2
    assert power[: power.size // 4].sum() < 0.2 * power.sum()
    assert 100 < loudest(snare(1.0, SAMPLE_RATE, rng)) < 4000


def test_a_sixteenth_is_a_quarter_of_a_beat() -> None:
    grid = beat_grid(120, 4, 0.0, 4.0)
    assert grid.step == 1 / 8 and grid.bar == 16 and grid.n_bars == 2
    assert grid.start.tolist() == [number / 8 for number in range(32)]


def test_swing_delays_every_second_eighth() -> None:
    grid = beat_grid(120, 4, 1 / 3, 0.5)
    assert grid.start == pytest.approx([0, 1 / 8, 2 / 8 + 1 / 12, 3 / 8 + 1 / 24])


def test_a_bar_of_three_beats_cuts_the_pattern_and_one_of_five_begins_it_anew() -> None:
    pattern = "X...x...x...X..."
    assert levels(pattern, beat_grid(120, 3, 0, 1.5))[::4].tolist() == [1, 0.45, 0.45]
    assert levels(pattern, beat_grid(120, 5, 0, 2.5))[::4].tolist() == [1, 0.45, 0.45, 1, 1]


def test_dancers_get_every_kick_and_the_others_the_beat_of_the_genre() -> None:
    grid = beat_grid(120, 4, 0, 8.0)
    steady = drum_levels("slow", 1.0, 0.5, grid, np.random.default_rng(0))["kick"]
    assert steady[::4].tolist() == [1.0] * 16
    loose = drum_levels("slow", 0.0, 0.5, grid, np.random.default_rng(0))["kick"]
    assert not loose[levels(BEATS["slow"][0], grid) == 0].any()


def test_energy_fills_the_hat() -> None:
    grid = beat_grid(120, 4, 0, 8.0)
    calm, wild = (
        drum_levels("rock", 0.5, energy, grid, np.random.default_rng(0)) for energy in (0.1, 0.95)
    )
    assert (wild["hat"] > 0).sum() > 1.5 * (calm["hat"] > 0).sum()
    assert wild["snare"].sum() > calm["snare"].sum()


def test_an_undanceable_track_is_unsteady() -> None:
    grid = beat_grid(100, 4, 0, 30.0)
    loose, steady = (onsets(grid, dance, np.random.default_rng(0)) for dance in (0.0, 1.0))
    assert steady.tolist() == grid.start.tolist()
    assert 0.015 < np.std(loose - grid.start) < 0.03


def test_grains_are_added_where_they_belong_and_cut_at_the_end() -> None:
    out = np.zeros(6, dtype=np.float32)
    place_grains(out, np.ones(3, dtype=np.float32), np.array([0, 1, 2.5]), np.array([1, 0, 2.0]), 2)
    assert out.tolist() == [1, 1, 1, 0, 0, 2]
