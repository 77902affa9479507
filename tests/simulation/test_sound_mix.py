"""Clips of songs written by hand: each feature is heard where it should be."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal

from muso_exp.simulation.sound import timbres
from muso_exp.simulation.sound_genres import BEATS, PLAYED, PROGRESSIONS, STEPS, STRUMS, genre_sound
from muso_exp.simulation.sound_instruments import INSTRUMENTS
from muso_exp.simulation.sound_mix import HEADROOM, PEAK, render, set_level
from muso_exp.simulation.sound_players import Players, longest_gap
from muso_exp.simulation.sound_song import TIMBRES, Song
from muso_exp.simulation.world import simulate_world

SAMPLE_RATE = 16000
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
FEATURES = {
    "danceability": 0.6,
    "energy": 0.6,
    "loudness": -8.0,
    "speechiness": 0.05,
    "acousticness": 0.3,
    "instrumentalness": 0.0,
    "liveness": 0.1,
    "valence": 0.5,
    "tempo": 120.0,
    "key": 0,
    "mode": 1,
    "time_signature": 4,
}


def a_song(genre: int = 0, track: int = 0, timbre: float = 0.0, **features: float) -> Song:
    colours = dict.fromkeys(TIMBRES, timbre)
    return Song(track, 0, genre, 0, 0, {**FEATURES, **features}, colours)


def onset_strength(waveform: np.ndarray) -> tuple[np.ndarray, float]:
    """Rise of the log-spectrum by frame, (n_frames,), and frames per second."""
    _, _, frames = signal.stft(waveform, nperseg=512, noverlap=384)
    level = np.log1p(1000 * np.abs(frames))
    return np.maximum(np.diff(level, axis=1), 0).mean(axis=0), SAMPLE_RATE / 128


def heard_tempo(waveform: np.ndarray) -> float:
    """Beats per minute, 60 to 180, by autocorrelation of the onset strength."""
    strength, rate = onset_strength(waveform)
    strength = strength - strength.mean()
    likeness = signal.correlate(strength, strength, method="fft")[len(strength) - 1 :]
    tempi = np.arange(60, 180, 0.5)
    lags = 60 * rate / tempi[:, None] * np.arange(1, 5)  # a beat, two, three and four
    return float(tempi[np.interp(lags, np.arange(len(likeness)), likeness).sum(axis=1).argmax()])


def heard_key(waveform: np.ndarray) -> tuple[int, int]:
    """Pitch class and mode by Krumhansl's templates on the chroma of the whole clip."""
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    hertz = np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE)
    band = (hertz > 60) & (hertz < 2000)
    pitch = np.round(69 + 12 * np.log2(hertz[band] / 440)).astype(int) % 12
    chroma = np.bincount(pitch, spectrum[band], minlength=12)
    fits = [
        [np.corrcoef(np.roll(template, key), chroma)[0, 1] for key in range(12)]
        for template in (MINOR, MAJOR)
    ]
    mode, key = np.unravel_index(int(np.argmax(fits)), (2, 12))
    return int(key), int(mode)


def decibels(waveform: np.ndarray) -> np.ndarray:
    """Log-spectrum of each frame, dB, (n_bins, n_frames)."""
    _, _, frames = signal.stft(waveform, nperseg=512, noverlap=256)
    return 20 * np.log10(np.abs(frames) + 1e-4)


def centroid(waveform: np.ndarray) -> float:
    """Mean frequency of the spectrum, Hz."""
    spectrum = np.abs(np.fft.rfft(waveform))
    return float(
        (spectrum * np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE)).sum() / spectrum.sum()
    )


def test_the_rhythm_has_the_tempo_of_the_track() -> None:
    tempi = np.array([70.0, 84, 95, 103, 118, 126, 141, 155] * 2)
    songs = [a_song(genre, genre, tempo=tempo) for genre, tempo in enumerate(tempi.tolist())]
    ratios = np.array([heard_tempo(render(song, 10, SAMPLE_RATE)) for song in songs]) / tempi
    octaves = np.abs(np.log2(ratios) - np.round(np.log2(ratios)))
    assert np.mean(octaves < np.log2(1.03)) >= 0.75  # by chance: 0.09


def test_the_harmony_has_the_key_and_mode_of_the_track() -> None:
    wanted = [(number * 5 % 12, number // 12) for number in range(24)]
    songs = [
        a_song(number, number, key=key, mode=mode) for number, (key, mode) in enumerate(wanted)
    ]
    heard = [heard_key(render(song, 10, SAMPLE_RATE)) for song in songs]
    assert np.mean([a[0] == b[0] for a, b in zip(heard, wanted, strict=True)]) > 0.5  # chance: 1/12
    assert np.mean([a == b for a, b in zip(heard, wanted, strict=True)]) > 0.4  # chance: 1/24


def test_the_level_is_the_loudness_below_the_headroom() -> None:
    for loudness in (-40.0, -15, -8, -1):
        waveform = render(a_song(loudness=loudness), 4, SAMPLE_RATE)
        level = 20 * np.log10(np.sqrt(np.mean(waveform**2)))
        assert level == pytest.approx(loudness - HEADROOM, abs=0.3)
        assert np.abs(waveform).max() <= PEAK


def test_energy_is_bright_and_dense_and_acoustic_sound_is_dull() -> None:
    plain = render(a_song(), 6, SAMPLE_RATE)
    fierce = render(a_song(energy=0.95), 6, SAMPLE_RATE)
    assert centroid(fierce) > 1.2 * centroid(plain)
    assert onset_strength(fierce)[0].mean() > onset_strength(plain)[0].mean()
    assert centroid(render(a_song(acousticness=0.95), 6, SAMPLE_RATE)) < 0.9 * centroid(plain)


def test_a_live_track_is_noisy_and_rings_on() -> None:
    dry, live = (
        decibels(render(a_song(5, liveness=share), 6, SAMPLE_RATE)) for share in (0.02, 0.9)
    )
    assert np.percentile(live, 10) > np.percentile(dry, 10) + 6  # the gaps between notes fill
    assert live.std() < dry.std() - 1.5


def test_only_tracks_that_are_not_instrumental_have_a_voice() -> None:
    sung, played, silent = (
        render(a_song(instrumentalness=share), 3, SAMPLE_RATE) for share in (0.0, 0.6, 0.9)
    )
    assert np.array_equal(played, silent)
    assert not np.allclose(sung, played, atol=0.01)


def test_speech_has_no_rhythm() -> None:
    sung = Players(a_song(speechiness=0.03), 12 * SAMPLE_RATE, SAMPLE_RATE).voice()
    said = Players(a_song(speechiness=0.5), 12 * SAMPLE_RATE, SAMPLE_RATE).voice()
    periodic = []
    for voice in (sung, said):
        strength, rate = onset_strength(voice)
        bar = round(2 * rate)  # frames in a bar at 120 beats per minute
        periodic.append(np.corrcoef(strength[:-bar], strength[bar:])[0, 1])
    assert periodic[0] > 0.4 and abs(periodic[1]) < 0.2


def test_a_danceable_track_has_its_kick_on_every_beat() -> None:
    drums = Players(a_song(4, danceability=0.95, energy=0.0), 4 * SAMPLE_RATE, SAMPLE_RATE).drums()
    low = signal.sosfilt(signal.butter(4, 120, fs=SAMPLE_RATE, output="sos"), drums)
    beats = low[: 4 * SAMPLE_RATE // 8000 * 8000].reshape(-1, 8000)  # half a second each
    power = (beats**2).mean(axis=1)
    assert power.min() > 0.5 * power.max()


@pytest.mark.parametrize("name", TIMBRES)
def test_every_timbre_is_heard(name: str) -> None:
    low, high = (
        replace(a_song(), timbre=dict.fromkeys(TIMBRES, 0.0) | {name: value}) for value in (-2, 2)
    )
    first, second = (decibels(render(song, 3, SAMPLE_RATE)) for song in (low, high))
    assert np.abs(first - second).mean() > 1.2


def test_genres_beyond_the_known_ones_are_played_too() -> None:
    n_known = len(PLAYED)
    assert genre_sound(n_known - 1) == PLAYED[-1]
    further = [genre_sound(genre) for genre in range(n_known, 3 * n_known)]
    assert len({*further, *PLAYED}) == 3 * n_known
    waveform = render(a_song(1000), 2, SAMPLE_RATE)
    assert np.isfinite(waveform).all() and waveform.std() > 0.05


def test_every_genre_names_what_there_is() -> None:
    for genre in PLAYED:
        named = {genre.acoustic, genre.electric, genre.lead, genre.bass}
        assert named <= set(INSTRUMENTS)
        assert genre.beat in BEATS and genre.strum in STRUMS and genre.chords in PROGRESSIONS
    patterns = [*STRUMS.values(), *(pattern for beat in BEATS.values() for pattern in beat)]
    assert {len(pattern) for pattern in patterns} == {STEPS}


def test_the_longest_gap_goes_over_the_bar() -> None:
    assert longest_gap("X.....x.X.....x.") == 6
    assert longest_gap("..X...X...X.....") == 8


def test_peaks_are_bent_and_silence_stays_silent() -> None:
    rng = np.random.default_rng(0)
    spiky = (rng.standard_normal(40_000) ** 5).astype(np.float32)
    bent = set_level(spiky, -10)
    assert np.abs(bent).max() <= PEAK
    assert np.sqrt(np.mean(bent**2)) == pytest.approx(10**-0.5, rel=0.05)
    assert not set_level(np.zeros(100, dtype=np.float32), -10).any()


@pytest.mark.parametrize(
    ("features", "seconds", "sample_rate"),
    [
        ({"tempo": 45.0, "time_signature": 5}, 12.0, 16000),
        ({"tempo": 220.0, "time_signature": 3}, 3.0, 22050),
        ({"loudness": -60.0, "energy": 0.0, "danceability": 0.0}, 1.0, 8000),
        ({"loudness": 0.0, "energy": 1.0, "acousticness": 1.0, "liveness": 1.0}, 2.5, 44100),
    ],
)
@pytest.mark.parametrize("timbre", [-2.2, 2.2])
def test_the_ends_of_all_scales_are_played(
    features: dict[str, float], seconds: float, sample_rate: int, timbre: float
) -> None:
    for genre in (0, 8, 9, 11):
        waveform = render(a_song(genre, timbre=timbre, **features), seconds, sample_rate)
        assert waveform.dtype == np.float32 and len(waveform) == seconds * sample_rate
        assert np.isfinite(waveform).all() and 0 < np.abs(waveform).max() <= PEAK


def test_few_dimensions_of_taste_are_heard_as_well_as_many() -> None:
    for n_factors in (1, 3, 12):
        world = simulate_world(n_users=20, n_artists=30, n_genres=3, n_factors=n_factors)
        assert timbres(world).shape == (len(world.catalogue.track_factors), len(TIMBRES))
