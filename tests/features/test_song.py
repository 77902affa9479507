import librosa
import numpy as np
import pytest
from pytest import approx

from muso_exp.features.song import estimate_song, find_key

RATE = 22_050


def clicks_over_chord(tempo: float, midi: list[int], seconds: float = 12.0) -> np.ndarray:
    """A click on each beat over a held chord."""
    times = np.arange(0.25, seconds - 0.1, 60 / tempo)
    beat = librosa.clicks(times=times, sr=RATE, length=int(seconds * RATE))
    clock = np.arange(int(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * librosa.midi_to_hz(note) * clock) for note in midi)
    return (0.5 * beat + 0.08 * chord).astype(np.float32)


@pytest.mark.parametrize(
    ("tempo", "midi", "key"),
    [
        (96.0, [60, 62, 64, 65, 67, 67, 69, 71, 72, 48], "C major"),
        (128.0, [57, 59, 60, 62, 64, 64, 65, 67, 69, 45], "A minor"),
    ],
)
def test_tempo_and_key_of_a_known_sound(tempo: float, midi: list[int], key: str) -> None:
    found = estimate_song(clicks_over_chord(tempo, midi), RATE)
    assert found.tempo == approx(tempo, rel=0.05)
    assert np.diff(found.beats) == approx(60 / tempo, abs=0.06)
    assert found.key == key and found.key_fit > found.runner_up
    assert found.seconds == 12.0 and found.chroma.shape == (12,)


def test_loudness_halved_is_six_decibels_less() -> None:
    sound = clicks_over_chord(120.0, [60, 64, 67], 4.0)
    loud, soft = estimate_song(sound, RATE), estimate_song(sound / 2, RATE)
    assert loud.loudness - soft.loudness == approx(6.02, abs=0.05)


def test_silence_has_neither_beat_nor_key() -> None:
    found = estimate_song(np.zeros(3 * RATE, dtype=np.float32), RATE)
    assert (found.tempo, len(found.beats), found.key, found.loudness) == (0.0, 0, "none", -70.0)


def test_a_key_fits_its_own_profile_best() -> None:
    profile = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
    tonic, mode, fit, runner_up = find_key(np.roll(profile, 6))
    assert (tonic, mode, fit) == (6, "minor", approx(1.0)) and runner_up < 1
    assert np.isnan(find_key(np.ones(12))[2])


def test_too_short_a_sound_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.00 s of sound; tempo and key need 2 s"):
        estimate_song(np.zeros(RATE, dtype=np.float32), RATE)
