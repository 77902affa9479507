"""From a song to its clip: the parts mixed, coloured, set in a room and brought to a level."""

from pathlib import Path

import numpy as np
import soundfile
from scipy import fft

from muso_exp.simulation.sound_instruments import shape_ends
from muso_exp.simulation.sound_players import Players, unit_power
from muso_exp.simulation.sound_song import Song

HEADROOM = 6.5  # dB; a loudness of 0 is a level of -6.5 dB below full scale
PEAK = 0.97
_EDGE = 0.005  # s; of the fades at both ends
_BOX = -1.8  # octaves from 700 Hz; where the box of a guitar sounds
_LEAST_VOICE = 0.12  # a quieter one is left out


def write_clips(songs: list[Song], folder: Path, seconds: float, sample_rate: int) -> None:
    """Render clips and write each to `<track + 1>.flac`, 16 bit.

    Args:
        songs: what to play.
        folder: an existing folder.
        seconds: length of a clip.
        sample_rate: in Hz.
    """
    for song in songs:
        waveform = np.round(32767 * render(song, seconds, sample_rate)).astype(np.int16)
        soundfile.write(folder / f"{song.track + 1}.flac", waveform, sample_rate, subtype="PCM_16")


def render(song: Song, seconds: float, sample_rate: int) -> np.ndarray:
    """Return the waveform of a clip, float32, shape (n_samples,), within -1..1.

    Args:
        song: what to play.
        seconds: length of the clip.
        sample_rate: in Hz.
    """
    features = song.features
    players = Players(song, round(seconds * sample_rate), sample_rate)
    sound = tremolo(unit_power(players.chords()), song.timbre["pulse"], sample_rate)
    sound += np.float32(0.75) * unit_power(players.bass())
    sound += np.float32(0.7 + 0.3 * features["valence"]) * unit_power(players.tune())
    voice = 1 - min(features["instrumentalness"] / 0.6, 1)
    if voice > _LEAST_VOICE:
        sound += np.float32(0.85 * voice) * unit_power(players.voice())
    drive = np.float32(0.15 + 1.25 * features["energy"] ** 2)
    sound = np.tanh(drive * sound) / drive
    beat = song.sound.drums * (0.5 + 0.8 * features["energy"]) * 2 ** (0.5 * song.timbre["balance"])
    sound += np.float32(beat) * unit_power(players.drums())
    sound = set_level(in_room(sound, song, sample_rate), features["loudness"] - HEADROOM)
    return shape_ends(sound, _EDGE, sample_rate)


def tremolo(sound: np.ndarray, pulse: float, sample_rate: int) -> np.ndarray:
    """Let the level go up and down; a pulse of 0 is six times a second."""
    turn = np.float32(2 * np.pi * 6.0 * 2 ** (0.6 * pulse) / sample_rate)
    return sound * (1 + np.float32(0.5) * np.sin(turn * np.arange(len(sound), dtype=np.float32)))


def in_room(sound: np.ndarray, song: Song, sample_rate: int) -> np.ndarray:
    """Give a mix its colour, its room and its hiss, of about unit power; shape (n_samples,).

    A live track has a long room and an audience's noise.
    """
    rng, live = song.rng(7), min(song.features["liveness"], 1.0)
    length = int((0.25 + 1.2 * live) * sample_rate)
    tail = np.exp(-np.arange(length, dtype=np.float32) * np.float32(5 / length))
    room = rng.standard_normal(length, dtype=np.float32) * tail
    room *= np.float32(0.9 * np.sqrt(live / (room**2).sum()))
    room[0] += 1
    size = fft.next_fast_len(len(sound) + length, real=True)
    spectrum = fft.rfft(sound, size) * fft.rfft(room, size)
    spectrum *= colour(song, np.fft.rfftfreq(size, 1 / sample_rate).astype(np.float32))
    mixed = unit_power(fft.irfft(spectrum, size)[: len(sound)])
    hiss = 10 ** ((-38 + 24 * live + 4 * song.timbre["air"]) / 20)
    return mixed + np.float32(hiss) * rng.standard_normal(len(sound), dtype=np.float32)


def colour(song: Song, hertz: np.ndarray) -> np.ndarray:
    """Return the gain at frequencies (Hz): a slope, a hump, and the box of acoustic instruments.

    What has energy is bright, what is acoustic dull.
    """
    octaves = np.log2(np.maximum(hertz, 20) / np.float32(700))
    slope = -2.2 + 1.4 * song.timbre["tilt"]
    slope += 2.5 * (song.features["energy"] - 0.6) - 2.0 * (song.features["acousticness"] - 0.25)
    decibels = np.float32(slope) * octaves
    for place, height in ((song.timbre["body"], 9), (_BOX, 8 * song.features["acousticness"])):
        hump = np.exp(-0.5 * ((octaves - np.float32(place)) / np.float32(0.45)) ** 2)
        decibels += np.float32(height) * hump
    return np.exp(decibels * np.float32(np.log(10) / 20))


def set_level(sound: np.ndarray, decibels: float) -> np.ndarray:
    """Bring a waveform to a level (RMS, dB below full scale) without clipping: peaks are bent.

    The gain before the bend is found by bisection on every 16th sample.
    """
    sound = unit_power(sound)
    few, target = sound[::16], 10 ** (decibels / 20)
    low, high = np.log(target / 4), np.log(target * 64)
    for _ in range(16):
        middle = (low + high) / 2
        power = np.sqrt(np.mean((PEAK * np.tanh(np.exp(middle) / PEAK * few)) ** 2))
        low, high = (middle, high) if power < target else (low, middle)
    return np.float32(PEAK) * np.tanh(np.float32(np.exp(low) / PEAK) * sound)
