"""Single notes and drum hits of the simulated sound, as waveforms.

A note is the sum of a few wave tables, read at the note's pitch: low, middle and high harmonics,
each with its own decay. So a plucked string grows dull as it rings, at little cost.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

TABLE = 2048  # samples of one period in a wave table
HARMONICS = 60
_SPLITS = (2, 8)  # last harmonic of the low and of the middle group
_FADE = 0.008  # s; no clicks at the end of a note


@dataclass(frozen=True)
class Instrument:
    """What one note of an instrument is made of.

    Attributes:
        slope: harmonic k is as loud as k ** -slope.
        even: level of the even harmonics.
        attack: time until the note is at its loudest, s.
        decay: time in which the low harmonics fall to 1/e, s.
        dulling: how many times faster the next group of harmonics decays.
        breath: level of the noise in it.
        vibrato: depth, semitones.
        drive: gain before overdrive; 0 for none.
    """

    slope: float
    even: float
    attack: float
    decay: float
    dulling: float
    breath: float = 0.0
    vibrato: float = 0.0
    drive: float = 0.0


INSTRUMENTS = {
    "guitar": Instrument(1.1, 0.9, 0.003, 0.8, 2.2, 0.02),
    "nylon": Instrument(1.6, 0.8, 0.004, 0.5, 2.5, 0.02),
    "banjo": Instrument(0.7, 0.9, 0.002, 0.25, 1.6, 0.03),
    "harp": Instrument(1.8, 0.5, 0.004, 0.9, 2.5),
    "piano": Instrument(1.4, 1.0, 0.004, 1.1, 1.8, 0.01),
    "strings": Instrument(1.1, 1.0, 0.09, 9.0, 1.0, 0.03, 0.12),
    "fiddle": Instrument(0.8, 1.0, 0.05, 9.0, 1.0, 0.04, 0.25),
    "cello": Instrument(1.2, 0.9, 0.05, 6.0, 1.0, 0.02, 0.1),
    "accordion": Instrument(0.8, 0.7, 0.03, 20.0, 1.0, 0.01),
    "flute": Instrument(2.6, 0.5, 0.05, 9.0, 1.0, 0.15, 0.2),
    "brass": Instrument(0.7, 1.0, 0.04, 4.0, 0.9, 0.01, 0.08),
    "vibes": Instrument(2.8, 0.1, 0.003, 1.2, 3.0),
    "organ": Instrument(1.0, 0.35, 0.01, 30.0, 1.0, 0.0, 0.05),
    "chime": Instrument(1.2, 0.6, 0.003, 1.4, 1.4, 0.01),
    "crunch": Instrument(0.9, 1.0, 0.004, 1.8, 1.2, 0.02, 0.0, 2.0),
    "fuzz": Instrument(0.7, 1.0, 0.004, 3.0, 1.0, 0.03, 0.0, 6.0),
    "saw": Instrument(0.9, 1.0, 0.005, 2.5, 1.3),
    "square": Instrument(1.0, 0.05, 0.005, 2.0, 1.2),
    "pulse": Instrument(0.8, 0.6, 0.003, 0.25, 1.8),
    "pad": Instrument(1.5, 0.8, 0.3, 30.0, 1.0, 0.03, 0.05),
    "pick": Instrument(1.2, 0.9, 0.004, 0.7, 1.6, 0.01),
    "finger": Instrument(1.8, 0.8, 0.008, 0.6, 2.0),
    "acid": Instrument(0.8, 0.9, 0.004, 0.3, 2.0, 0.0, 0.0, 2.0),
    "sub": Instrument(3.0, 0.3, 0.01, 1.2, 1.2),
}
VOWELS = (
    (730, 1090, 2440),
    (530, 1840, 2480),
    (270, 2290, 3010),
    (570, 840, 2410),
    (300, 870, 2240),
)


def frequency(pitch: float) -> float:
    """Return the frequency of a MIDI pitch, Hz; 69 is 440 Hz."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def note(
    instrument: Instrument,
    pitch: float,
    seconds: float,
    sample_rate: int,
    rng: np.random.Generator,
    *,
    even: float = 1.0,
    detune: float = 6.0,
    sustain: float = 1.0,
) -> np.ndarray:
    """Return one note, float32, shape (n_samples,), of about unit power at its loudest.

    Args:
        instrument: what plays it.
        pitch: MIDI number; need not be whole.
        seconds: its length.
        sample_rate: in Hz.
        rng: draws its noise and phase.
        even: factor on the level of the even harmonics.
        detune: of its two voices against each other, cents.
        sustain: factor on its decay.
    """
    base = frequency(pitch)
    time = np.arange(int(seconds * sample_rate), dtype=np.float32) / np.float32(sample_rate)
    number = np.arange(1, 1 + max(1, min(HARMONICS, int(0.45 * sample_rate / base))))
    levels = number.astype(float) ** -instrument.slope
    levels[1::2] *= instrument.even * even
    tables = _tables(levels, rng)
    start = rng.random()
    bend = 2 ** (detune / 2400)
    phases = [start + base * bend * time, base / bend * time]
    if instrument.vibrato:
        depth = base * instrument.vibrato * np.log(2) / 12 / (2 * np.pi * 5.5)
        wave = np.float32(depth) * np.sin(np.float32(2 * np.pi * 5.5) * time)
        phases = [phase + wave for phase in phases]
    places = [(phase * TABLE).astype(np.int32) & (TABLE - 1) for phase in phases]
    sound = np.zeros(len(time), dtype=np.float32)
    decay = instrument.decay * sustain
    for table in tables:
        sound += (table[places[0]] + table[places[1]]) * np.exp(-time / np.float32(decay))
        decay /= instrument.dulling
    if instrument.breath:
        hiss = rng.standard_normal(len(time), dtype=np.float32)
        sound += np.float32(instrument.breath) * hiss * np.exp(-time / np.float32(max(decay, 0.05)))
    return shape_ends(sound, instrument.attack, sample_rate)


def sung(
    pitch: float,
    seconds: float,
    vowel: int,
    throat: float,
    sample_rate: int,
    rng: np.random.Generator,
    *,
    glide: float = 0.0,
) -> np.ndarray:
    """Return a sung or spoken syllable, float32, shape (n_samples,): a consonant and a vowel.

    Args:
        pitch: MIDI number at its start.
        seconds: its length.
        vowel: row of `VOWELS`, the first three formants of a man.
        throat: factor on the formants; a woman's or a child's are higher.
        sample_rate: in Hz.
        rng: draws the consonant.
        glide: change of pitch over the syllable, semitones; 0 means steady with vibrato.

    Source: formants of Peterson and Barney, 1952. Deviation: bandwidths are a share of each.
    """
    base = frequency(pitch)
    time = np.arange(int(seconds * sample_rate), dtype=np.float32) / np.float32(sample_rate)
    harmonics = base * np.arange(1, 1 + max(1, min(HARMONICS, int(0.45 * sample_rate / base))))
    levels = 0.02 * np.ones(len(harmonics))
    for formant, level in zip(VOWELS[vowel], (1.0, 0.5, 0.25), strict=True):
        levels += level * np.exp(-(((harmonics / (formant * throat) - 1) / 0.12) ** 2))
    table = np.sum(_tables(levels, rng), axis=0)
    bent = time + np.float32((2 ** (glide / 12) - 1) / 2 / seconds) * time**2
    if not glide:
        bent = bent + np.float32(0.0005) * np.sin(np.float32(2 * np.pi * 5.2) * time)
    sound = np.sqrt(2) * table[(base * bent * TABLE).astype(np.int32) & (TABLE - 1)]
    consonant = rng.standard_normal(min(len(time), int(0.04 * sample_rate)), dtype=np.float32)
    sound[: len(consonant)] *= np.float32(0.3)
    sound[: len(consonant)] += np.float32(0.4) * np.diff(consonant, prepend=np.float32(0))
    return shape_ends(sound.astype(np.float32), 0.02, sample_rate)


def kick(tuning: float, sample_rate: int) -> np.ndarray:
    """Return a kick drum, float32: a falling sine; tuning is a factor on its pitch."""
    time = np.arange(int(0.28 * sample_rate), dtype=np.float32) / np.float32(sample_rate)
    phase = 48 * tuning * time + 3.0 * (1 - np.exp(-time * 35 * tuning))
    click = np.exp(-time * 300) * np.sin(2 * np.pi * 1500 * tuning * time)
    return (2.2 * np.sin(2 * np.pi * phase) * np.exp(-time * 11) + 0.5 * click).astype(np.float32)


def snare(tuning: float, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return a snare drum, float32: a short tone and noise."""
    time = np.arange(int(0.22 * sample_rate), dtype=np.float32) / np.float32(sample_rate)
    skin = np.sin(2 * np.pi * 185 * tuning * time) * np.exp(-time * 25)
    wires = _band(len(time), 1800 * tuning, 1.2, sample_rate, rng) * np.exp(-time * 17)
    return (1.1 * skin + 1.0 * wires).astype(np.float32)


def hat(tuning: float, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return a closed hi-hat, float32: a tick of high noise."""
    time = np.arange(int(0.07 * sample_rate), dtype=np.float32) / np.float32(sample_rate)
    noise = _band(len(time), 6500 * tuning, 0.6, sample_rate, rng)
    return (0.7 * noise * np.exp(-time * 60)).astype(np.float32)


def shape_ends(sound: np.ndarray, attack: float, sample_rate: int) -> np.ndarray:
    """Let a waveform (n_samples,) rise over `attack` seconds and fade at its end, in place."""
    rise = min(len(sound), max(1, int(attack * sample_rate)))
    sound[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    fall = min(len(sound), int(_FADE * sample_rate))
    sound[len(sound) - fall :] *= np.linspace(1, 0, fall, dtype=np.float32)
    return sound


def _tables(levels: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return one period for each group of harmonics, float32, (TABLE,); together unit power."""
    phase = np.exp(2j * np.pi * rng.random(len(levels)))
    waves = levels / np.sqrt((levels**2).sum()) * phase * TABLE / np.sqrt(2)
    bounds = [0, *(bound for bound in _SPLITS if bound < len(levels)), len(levels)]
    tables = []
    for first, last in pairwise(bounds):
        spectrum = np.zeros(TABLE // 2 + 1, dtype=complex)
        spectrum[first + 1 : last + 1] = waves[first:last]
        tables.append(np.fft.irfft(spectrum).astype(np.float32))
    return tables


def _band(
    n_samples: int, centre: float, octaves: float, sample_rate: int, rng: np.random.Generator
) -> np.ndarray:
    """Return noise around a frequency, unit power, float64, shape (n_samples,)."""
    hertz = np.fft.rfftfreq(n_samples, 1 / sample_rate)
    weight = np.exp(-0.5 * (np.log2(np.maximum(hertz, 1) / centre) / octaves) ** 2)
    noise = np.fft.irfft(weight * np.fft.rfft(rng.standard_normal(n_samples)), n_samples)
    return noise / np.sqrt((noise**2).mean())
