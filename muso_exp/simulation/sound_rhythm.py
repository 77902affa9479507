"""When things sound: the grid of beats, the pattern of a genre on it, and its unsteadiness."""

from dataclasses import dataclass

import numpy as np

from muso_exp.simulation.sound_genres import BEATS, STEPS

LEVELS = {"X": 1.0, "x": 0.45, "a": 0.9, ".": 0.0}
_JITTER = 0.022  # s; of the hits of a track that is not danceable


@dataclass(frozen=True)
class Grid:
    """The sixteenths of a clip.

    Attributes:
        start: when each sixteenth begins, s, shape (n_steps,).
        step: its length, s.
        bar: sixteenths in a bar.
    """

    start: np.ndarray
    step: float
    bar: int

    @property
    def place(self) -> np.ndarray:
        """Return the number of each sixteenth within its bar, shape (n_steps,)."""
        return np.arange(len(self.start)) % self.bar

    @property
    def n_bars(self) -> int:
        """Return the number of bars, the last one perhaps not whole."""
        return -(-len(self.start) // self.bar)


def beat_grid(tempo: float, beats_per_bar: int, swing: float, seconds: float) -> Grid:
    """Divide a clip into sixteenths of beats.

    Args:
        tempo: beats per minute.
        beats_per_bar: 3, 4 or 5.
        swing: delay of every second eighth, share of an eighth.
        seconds: length of the clip.
    """
    step = 15.0 / tempo
    number = np.arange(int(np.ceil(seconds / step)))
    late = np.where(number % 4 == 2, swing * 2 * step, 0) + np.where(
        number % 4 == 3, swing * step, 0
    )
    return Grid(number * step + late, step, 4 * beats_per_bar)


def levels(pattern: str, grid: Grid) -> np.ndarray:
    """Return how loud each sixteenth is, shape (n_steps,); a long bar begins the pattern anew.

    Args:
        pattern: of a bar of four beats, letters of `LEVELS`.
        grid: of the clip.
    """
    bar = np.array([LEVELS[pattern[step % STEPS]] for step in range(grid.bar)])
    return bar[grid.place]


def drum_levels(
    beat: str, danceability: float, energy: float, grid: Grid, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return how loud kick, snare and hat are at each sixteenth, shape (n_steps,) each.

    A danceable track has its kick on all beats; another the one of its genre, with hits left out.
    An energetic one has ghost notes and sixteenths on the hat.

    Args:
        beat: one of `muso_exp.simulation.sound_genres.BEATS`.
        danceability: 0 to 1.
        energy: 0 to 1.
        grid: of the clip.
        rng: draws what is left out or added.
    """
    kick, snare, hat = (levels(pattern, grid) for pattern in BEATS[beat])
    on_beat = (grid.place % 4 == 0).astype(float)
    steady = np.clip(1.6 * danceability - 0.4, 0, 1)
    drawn = rng.random((3, len(grid.start)))
    kept = drawn[0] > 0.25 * (1 - steady)
    kick = np.maximum(steady * on_beat, (1 - 0.6 * steady) * kick * kept)
    ghosts = 0.5 * (drawn[1] < 0.25 * energy**2) * (grid.place % 2 == 1)
    busy = np.clip(2 * energy - 0.8, 0, 1)
    hat = np.maximum(hat * (0.3 + 0.7 * energy), 0.7 * busy * (drawn[2] < 0.9))
    return {"kick": kick, "snare": np.maximum(snare, ghosts), "hat": hat}


def onsets(grid: Grid, danceability: float, rng: np.random.Generator) -> np.ndarray:
    """Return when the hits of one player sound, s, shape (n_steps,); unsteady ones do not dance."""
    spread = min(_JITTER * (1 - danceability), 0.15 * grid.step)
    return np.maximum(grid.start + spread * rng.standard_normal(len(grid.start)), 0)


def place_grains(
    out: np.ndarray,
    grain: np.ndarray,
    times: np.ndarray,
    volumes: np.ndarray,
    sample_rate: int,
) -> None:
    """Add a waveform at several times, in place; what hangs over the end is cut.

    Args:
        out: float32, shape (n_samples,).
        grain: float32, shape (n_grain,).
        times: s, shape (n_hits,).
        volumes: shape (n_hits,); where 0, nothing is added.
        sample_rate: in Hz.
    """
    for hit in np.flatnonzero(volumes):
        first = int(times[hit] * sample_rate)
        part = out[first : first + len(grain)]
        part += np.float32(volumes[hit]) * grain[: len(part)]
