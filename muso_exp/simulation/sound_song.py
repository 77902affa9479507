"""What a clip of the simulated world's music is made from, and the harmony that follows from it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from muso_exp.simulation.sound_genres import PROGRESSIONS, Genre, style_sound
from muso_exp.simulation.sound_rhythm import Grid, beat_grid

SCALES = {1: (0, 2, 4, 5, 7, 9, 11), 0: (0, 2, 3, 5, 7, 8, 10)}  # major and natural minor
TIMBRES = (  # those that are heard best first
    "tilt",  # slope of the spectrum
    "body",  # where the spectrum has a hump
    "register",  # where chords lie
    "detune",  # of an instrument's two voices
    "tuning",  # of the drums
    "pulse",  # rate of the tremolo
    "hollow",  # level of the even harmonics
    "sustain",  # how long notes ring
    "air",  # noise of breath and strings
    "balance",  # drums against chords
)


@dataclass(frozen=True)
class Song:
    """All that a clip is made from.

    Attributes:
        track: number of the track; with the seed it keys what is random in the clip.
        artist: number of the artist, whose voice is the same in all songs.
        genre: number of the genre.
        style: number of the style, which takes a part from another genre.
        seed: of the world.
        features: Spotify's features by name.
        timbre: numbers around 0, about -2 to 2, for each of `TIMBRES`.
    """

    track: int
    artist: int
    genre: int
    style: int
    seed: int
    features: dict[str, float]
    timbre: dict[str, float]

    @cached_property
    def sound(self) -> Genre:
        """Return how its style is played."""
        return style_sound(self.genre, self.style)

    @property
    def key(self) -> int:
        """Return the pitch class of the tonic; 0 is C."""
        return int(self.features["key"])

    def rng(self, part: int) -> np.random.Generator:
        """Return a generator of the song's own for a part of the clip."""
        return np.random.default_rng([self.seed, 602, self.track, part])

    def grid(self, seconds: float) -> Grid:
        """Return the sixteenths of a clip of a length in s."""
        beats = int(self.features["time_signature"])
        return beat_grid(self.features["tempo"], beats, self.sound.swing, seconds)

    def progression(self) -> tuple[int, ...]:
        """Return the degrees of the scale that the chords stand on; glad tracks have glad ones."""
        glad, sad = PROGRESSIONS[self.sound.chords]
        return glad if self.rng(0).random() < 0.2 + 0.6 * self.features["valence"] else sad

    def semitones(self, degree: int) -> int:
        """Return how far a degree of the song's scale lies above its tonic."""
        return SCALES[int(self.features["mode"])][degree % 7] + 12 * (degree // 7)

    def pitch(self, degree: int, low: float) -> float:
        """Return the lowest MIDI pitch, not below `low`, of a degree in the song's key."""
        return low + (self.key + self.semitones(degree) - low) % 12

    @property
    def centre(self) -> float:
        """Return the MIDI pitch around which the chords lie; glad tracks lie higher."""
        centre = 57 + 6 * self.timbre["register"] + 6 * (self.features["valence"] - 0.45)
        return float(np.clip(centre, 40, 76))

    def chord(self, degree: int) -> list[float]:
        """Return the MIDI pitches of the chord on a degree, within the octave around the centre."""
        steps = [0, 4] if self.sound.fifths else [0, 2, 4]
        steps += [6] if self.sound.seventh else []
        return [self.pitch(degree + step, self.centre - 6) for step in steps]
