"""Figures of one song: its onsets with the beats, its pitch classes, its waveform and bands."""

import numpy as np
from matplotlib.figure import Figure

from muso_exp.figures.common import BLUE, GREY, ORANGE

_DRAWN = 4000  # columns that a waveform is drawn in, at most


def song_figure(
    title: str,
    times: np.ndarray,
    onsets: np.ndarray,
    beats: np.ndarray,
    pitches: tuple[str, ...],
    chroma: np.ndarray,
    tonic: int,
) -> Figure:
    """Draw onset strength over time with the beats, and the energy of the pitch classes.

    Args:
        title: of the figure.
        times: of the frames in s, shape (n_frames,).
        onsets: strength at each frame, shape (n_frames,).
        beats: times in s, shape (n_beats,).
        pitches: names of the 12 pitch classes.
        chroma: energy of each, shape (12,).
        tonic: which of them is the tonic.
    """
    figure = Figure(figsize=(9, 5), layout="constrained")
    figure.suptitle(title)
    above, below = figure.subplots(2)
    above.vlines(beats, 0, max(onsets.max(), 1e-9), color=ORANGE, linewidth=0.8, label="beats")
    above.plot(times, onsets, color=BLUE, linewidth=0.7, label="onset strength")
    above.set(xlabel="seconds", ylabel="onset strength", xlim=(0, times[-1]))
    above.legend(frameon=False, loc="upper right")
    colours = [ORANGE if place == tonic else GREY for place in range(len(pitches))]
    below.bar(pitches, chroma, color=colours)
    below.set(xlabel="pitch class (the tonic stands out)", ylabel="energy")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def waveform_figure(
    title: str, waveform: np.ndarray, bands: np.ndarray, sample_rate: int, hop_length: int
) -> Figure:
    """Draw a waveform above its log-mel spectrogram, on one axis of time.

    Args:
        title: of the figure.
        waveform: samples in -1..1, shape (n_samples,).
        bands: in dB, shape (n_mels, n_frames).
        sample_rate: in Hz.
        hop_length: samples from a frame to the next.

    Source: thesis, figure 2.1.
    """
    seconds = len(waveform) / sample_rate
    figure = Figure(figsize=(9, 6), layout="constrained")
    figure.suptitle(title)
    above, below = figure.subplots(2, sharex=True)
    step = max(len(waveform) // _DRAWN, 1)
    times = np.arange(len(waveform) // step) * step / sample_rate
    columns = waveform[: len(times) * step].reshape(-1, step)  # the extremes of each column
    above.fill_between(times, columns.min(axis=1), columns.max(axis=1), color=BLUE, linewidth=0.3)
    above.set(ylabel="amplitude", ylim=(-1, 1), xlim=(0, seconds))
    ends = (0, bands.shape[1] * hop_length / sample_rate, 0, len(bands))
    shown = below.imshow(bands, origin="lower", aspect="auto", extent=ends, cmap="magma")
    below.set(
        xlabel="seconds", ylabel=f"mel band, 0 to {sample_rate / 2000:g} kHz", xlim=(0, seconds)
    )
    figure.colorbar(shown, ax=below, label="dB")
    above.spines[["top", "right"]].set_visible(False)
    return figure
