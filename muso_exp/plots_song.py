"""A figure of one song: its onsets with the beats, and its pitch classes."""

import numpy as np
from matplotlib.figure import Figure

from muso_exp.plots import BLUE, GREY, ORANGE


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
