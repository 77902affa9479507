"""Tempo, beats, key and loudness of one song, from its waveform (librosa)."""

from dataclasses import dataclass

import librosa
import numpy as np

from muso_exp.features.loudness import integrated_loudness

PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
PROFILES = {  # how well each pitch class fits a key, from its tonic on
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
HOP = 512  # samples between two frames of onset strength and chroma
MIN_SECONDS = 2.0  # less holds no two beats


@dataclass(frozen=True)
class SongEstimate:
    """Estimates of one song.

    Attributes:
        seconds: its length.
        loudness: integrated loudness in LUFS (ITU-R BS.1770), -70 for silence.
        tempo: in beats per minute; 0 where there is no beat.
        beats: times of the beats in s, shape (n_beats,).
        tonic: pitch class of the key, 0 is C.
        mode: major or minor.
        key_fit: correlation of the chroma with the key's profile, -1..1; NaN without a pitch.
        runner_up: the same of the key that fits second best.
        chroma: mean energy of the 12 pitch classes from C, the largest is 1, shape (12,).
        onsets: onset strength of each frame, no unit, shape (n_frames,).
        sample_rate: of the waveform, in Hz; frames are `HOP` samples apart.
    """

    seconds: float
    loudness: float
    tempo: float
    beats: np.ndarray
    tonic: int
    mode: str
    key_fit: float
    runner_up: float
    chroma: np.ndarray
    onsets: np.ndarray
    sample_rate: int

    @property
    def key(self) -> str:
        """Return the key in words, such as `F# minor`; `none` where there is no pitch."""
        return "none" if np.isnan(self.key_fit) else f"{PITCHES[self.tonic]} {self.mode}"


def estimate_song(waveform: np.ndarray, sample_rate: int) -> SongEstimate:
    """Estimate tempo, beats, key and loudness.

    Args:
        waveform: mono, float32, shape (n_samples,).
        sample_rate: in Hz; 22,050 is what librosa's beat tracker is set up for.

    Raises:
        ValueError: shorter than 2 s.

    Source: D. Ellis, "Beat tracking by dynamic programming", 2007; C. Krumhansl, "Cognitive
    foundations of musical pitch", 1990 (profiles of Krumhansl and Kessler 1982).
    """
    seconds = len(waveform) / sample_rate
    if seconds < MIN_SECONDS:
        raise ValueError(f"{seconds:.2f} s of sound; tempo and key need {MIN_SECONDS:g} s")
    onsets = librosa.onset.onset_strength(y=waveform, sr=sample_rate, hop_length=HOP)
    tempo, beats = librosa.beat.beat_track(
        onset_envelope=onsets, sr=sample_rate, hop_length=HOP, units="time"
    )
    chroma = mean_chroma(waveform, sample_rate)
    tonic, mode, fit, runner_up = find_key(chroma)
    level = integrated_loudness(waveform, sample_rate)
    return SongEstimate(
        seconds=seconds,
        loudness=level if np.isfinite(level) else -70.0,
        tempo=float(np.atleast_1d(tempo)[0]),
        beats=beats,
        tonic=tonic,
        mode=mode,
        key_fit=fit,
        runner_up=runner_up,
        chroma=chroma,
        onsets=onsets,
        sample_rate=sample_rate,
    )


def mean_chroma(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the mean energy of the 12 pitch classes of the harmonic part, shape (12,), max 1."""
    if not waveform.any():
        return np.zeros(12)
    harmonic = librosa.effects.harmonic(waveform)
    chroma = librosa.feature.chroma_cqt(y=harmonic, sr=sample_rate, hop_length=HOP, norm=None)
    energy = np.asarray(chroma.mean(axis=1), dtype=np.float64)
    return energy / energy.max() if energy.max() > 0 else energy


def find_key(chroma: np.ndarray) -> tuple[int, str, float, float]:
    """Return tonic, mode, and the correlations of the best and the second best of 24 keys.

    Args:
        chroma: energy of the 12 pitch classes from C, shape (12,); equal ones have no key: NaN.
    """
    if np.ptp(chroma) == 0:
        return 0, "major", np.nan, np.nan
    fits = [
        (float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1]), tonic, mode)
        for mode, profile in PROFILES.items()
        for tonic in range(12)
    ]
    best, second = sorted(fits, reverse=True)[:2]
    return best[1], best[2], best[0], second[0]
