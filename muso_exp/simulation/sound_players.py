"""The musicians of the simulated music: each plays one part of a clip."""

from collections.abc import Callable

import numpy as np

from muso_exp.simulation.sound_genres import STRUMS
from muso_exp.simulation.sound_instruments import (
    INSTRUMENTS,
    VOWELS,
    hat,
    kick,
    note,
    snare,
    sung,
)
from muso_exp.simulation.sound_rhythm import drum_levels, levels, onsets, place_grains
from muso_exp.simulation.sound_song import Song

TONIC = 1.6  # how much louder the first chord of the scale is
LEAST_SHARE = 0.05  # of the mix; what has less is left out
_SYLLABLES = 12  # different ones in the speech of a clip


class Players:
    """The musicians; each method returns a part of the clip, float32, shape (n_samples,).

    Args:
        song: what to play.
        n_samples: length of the clip.
        sample_rate: in Hz.
    """

    def __init__(self, song: Song, n_samples: int, sample_rate: int) -> None:
        self.song, self.n_samples, self.sample_rate = song, n_samples, sample_rate
        self.features, self.timbre = song.features, song.timbre
        self.grid = grid = song.grid(n_samples / sample_rate)
        chords = np.array(song.progression())
        self.degree = chords[np.arange(len(grid.start)) // grid.bar % len(chords)]  # (n_steps,)

    def chords(self) -> np.ndarray:
        """Strum, pick or hold the chords, on the acoustic and on the electric instrument."""
        out, sound = self._silence(), self.song.sound
        acoustic = float(np.clip(self.features["acousticness"], 0, 1))
        for name, share in ((sound.acoustic, acoustic), (sound.electric, 1 - acoustic)):
            if share > LEAST_SHARE:
                out += np.float32(np.sqrt(share)) * unit_power(self._strummed(name))
        return out

    def bass(self) -> np.ndarray:
        """Play the roots of the chords: eighths where there is energy, else a few long notes."""
        out, rng = self._silence(), self.song.rng(2)
        dense = self.features["energy"] > 0.55
        volume = levels("X.x.X.x.X.x.x.x." if dense else "X.....x.X.....x.", self.grid)
        length = self.grid.step * (1.9 if dense else 5.5)

        def root(degree: int) -> np.ndarray:
            return self._note(self.song.sound.bass, self.song.pitch(degree, 33), length, rng)

        self._by_chord(out, root, volume, rng)
        return out

    def tune(self) -> np.ndarray:
        """Play a figure of notes of the chords: more of them, the more energy."""
        out, rng, bar = self._silence(), self.song.rng(3), self.grid.bar
        low = self.song.centre - 5 + 12 * self.song.sound.octave
        beside = np.array([0, 2, 4, 0, 6 if self.song.sound.seventh else 1])
        step = beside[rng.integers(0, 5, size=bar)]
        plays = rng.random(bar) < 0.2 + 0.5 * self.features["energy"]
        plays &= np.arange(bar) % 2 == 0
        plays[0] = True
        degree = (self.degree + step[self.grid.place]) % 7
        degree[self.grid.place == 0] = 0  # a bar begins on the tonic, so that the key is heard
        times = onsets(self.grid, self.features["danceability"], rng)
        for value in np.unique(degree).tolist():
            pitch = self.song.pitch(value, low)
            grain = self._note(self.song.sound.lead, pitch, self.grid.step * 3.5, rng)
            volume = ((degree == value) & plays[self.grid.place]).astype(float)
            place_grains(out, grain, times, volume, self.sample_rate)
        return out

    def voice(self) -> np.ndarray:
        """Sing on the notes of the chords; the more speech in a track, the more is spoken."""
        artist = np.random.default_rng([self.song.seed, 603, self.song.artist])
        high = artist.random()
        low, throat = 45 + 14 * high, 1.0 + 0.2 * high  # an artist's range and formants
        spoken = float(np.clip((self.features["speechiness"] - 0.06) / 0.3, 0, 1))
        out = np.float32(np.sqrt(1 - spoken)) * self._singing(low, throat)
        if spoken > LEAST_SHARE:
            out += np.float32(1.3 * np.sqrt(spoken)) * self._speech(low, throat)
        return out

    def drums(self) -> np.ndarray:
        """Play kick, snare and hat."""
        out, rate, rng = self._silence(), self.sample_rate, self.song.rng(4)
        tuning = 2 ** (0.4 * self.timbre["tuning"])
        dance = self.features["danceability"]
        beat, energy = self.song.sound.beat, self.features["energy"]
        hits = drum_levels(beat, dance, energy, self.grid, rng)
        grains = (kick(tuning, rate), snare(tuning, rate, rng), hat(tuning, rate, rng))
        for volume, grain in zip(hits.values(), grains, strict=True):
            touch = volume * (1 + 0.1 * rng.standard_normal(len(volume)))
            place_grains(out, grain, onsets(self.grid, dance, rng), touch, rate)
        return out

    def _strummed(self, name: str) -> np.ndarray:
        """Return the chords of one instrument, struck together or note by note."""
        out, rng, strum = self._silence(), self.song.rng(1), STRUMS[self.song.sound.strum]
        gap, volume = 0.9 * longest_gap(strum) * self.grid.step, levels(strum, self.grid)
        if "a" in strum:
            self._pick(out, name, volume, max(4 * gap, 0.35), rng)
        else:
            self._by_chord(out, lambda degree: self._chord(name, degree, gap, rng), volume, rng)
        return out

    def _pick(
        self,
        out: np.ndarray,
        name: str,
        volume: np.ndarray,
        length: float,
        rng: np.random.Generator,
    ) -> None:
        """Add the notes of the chords one after the other, up and again from below."""
        turn = np.cumsum(volume > 0) - 1
        for degree in np.unique(self.degree).tolist():
            pitches = sorted(self.song.chord(degree))
            pitches = [*pitches, pitches[0] + 12]
            for place, pitch in enumerate(pitches):
                chosen = np.where(turn % len(pitches) == place, volume, 0.0)
                grain = self._note(name, pitch, length, rng)
                self._place(out, grain, self.grid.start, chosen * (self.degree == degree))

    def _by_chord(
        self,
        out: np.ndarray,
        grain_of: Callable[[int], np.ndarray],
        volume: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """Add, where a chord sounds, what an instrument plays on it."""
        times = onsets(self.grid, self.features["danceability"], rng)
        for degree in np.unique(self.degree).tolist():
            here = TONIC * volume if degree == 0 else volume
            self._place(out, grain_of(degree), times, here * (self.degree == degree))

    def _chord(
        self, name: str, degree: int, seconds: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Return a chord; what distorts, distorts all its notes together."""
        notes = [self._note(name, pitch, seconds, rng) for pitch in self.song.chord(degree)]
        chord = np.sum(notes, axis=0)
        gain = np.float32(INSTRUMENTS[name].drive * (0.4 + self.features["energy"]))
        return np.tanh(gain * chord) if gain else chord

    def _note(
        self, name: str, pitch: float, seconds: float, rng: np.random.Generator
    ) -> np.ndarray:
        return note(
            INSTRUMENTS[name],
            pitch,
            seconds,
            self.sample_rate,
            rng,
            even=1 / (1 + np.exp(-1.5 * self.timbre["hollow"])),
            detune=10 * 2 ** self.timbre["detune"],
            sustain=2 ** (1.5 * self.timbre["sustain"]),
        )

    def _singing(self, low: float, throat: float) -> np.ndarray:
        """Sing a note of the chord on most beats."""
        out, rng, bar = self._silence(), self.song.rng(5), self.grid.bar
        sings = (rng.random(bar) < 0.6) & (np.arange(bar) % 4 == 0)
        sings[0] = True
        steps = (0, 2, 4, 2)
        which = rng.integers(0, len(steps), size=len(self.degree))
        for degree in np.unique(self.degree).tolist():
            for syllable, step in enumerate(steps):
                pitch = self.song.pitch(degree + step, low)
                vowel = int(rng.integers(len(VOWELS)))
                grain = sung(pitch, self.grid.step * 3.6, vowel, throat, self.sample_rate, rng)
                here = (self.degree == degree) & (which == syllable) & sings[self.grid.place]
                self._place(out, grain, self.grid.start, here.astype(float))
        return out

    def _speech(self, low: float, throat: float) -> np.ndarray:
        """Speak about five syllables a second, in no rhythm, with falling pitch and pauses."""
        out, rng, seconds = self._silence(), self.song.rng(6), self.n_samples / self.sample_rate
        gaps = rng.uniform(0.13, 0.3, size=1 + int(seconds / 0.13))
        gaps += 0.5 * (rng.random(len(gaps)) < 0.1)
        times = np.cumsum(gaps)
        times = times[times < seconds]
        which = rng.integers(0, _SYLLABLES, size=len(times))
        for syllable in range(_SYLLABLES):
            pitch, vowel = low + 2 + 5 * rng.random(), int(rng.integers(len(VOWELS)))
            length, glide = rng.uniform(0.12, 0.25), rng.uniform(-5, 1)
            grain = sung(pitch, length, vowel, throat, self.sample_rate, rng, glide=glide)
            self._place(out, grain, times, (which == syllable).astype(float))
        return out

    def _place(
        self, out: np.ndarray, grain: np.ndarray, times: np.ndarray, volume: np.ndarray
    ) -> None:
        place_grains(out, grain, times, volume, self.sample_rate)

    def _silence(self) -> np.ndarray:
        return np.zeros(self.n_samples, dtype=np.float32)


def longest_gap(strum: str) -> int:
    """Return the longest time between two strokes of a pattern, in sixteenths."""
    strokes = [place for place, letter in enumerate(strum) if letter != "."]
    return int(np.diff([*strokes, strokes[0] + len(strum)]).max())


def unit_power(sound: np.ndarray) -> np.ndarray:
    """Scale a waveform to unit power; silence stays silence."""
    power = float(np.sqrt(np.mean(sound**2)))
    return sound / np.float32(power) if power > 0 else sound
