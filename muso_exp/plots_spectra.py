"""Figures of spectra and of features estimated from them; no pyplot, no global state."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from muso_exp.plots import BLUE, GREY, ORANGE


def heat_figure(
    panels: Sequence[tuple[str, np.ndarray]], rows: Sequence[str], edges: np.ndarray, xlabel: str
) -> Figure:
    """Draw one heat map (n_rows, n_bands) above another, bands along a logarithmic axis.

    Each row is divided by its largest absolute value: rows of very different size stay readable.

    Args:
        panels: title and values of each map; blue is below 0, red above, white 0.
        rows: names of the rows, first one on top.
        edges: of the bands, shape (n_bands + 1,), ascending.
        xlabel: what the bands are of.
    """
    height = 1.0 + 0.26 * len(rows)
    figure = Figure(figsize=(8.4, height * len(panels)), layout="constrained")
    shown = np.maximum(edges, edges[1] / 2)  # a first edge of 0 has no place on the axis
    for axes, (title, values) in zip(
        figure.subplots(len(panels), 1, squeeze=False).flat, panels, strict=True
    ):
        top = np.abs(values).max(axis=1, keepdims=True)  # (n_rows, 1)
        scaled = values / np.where(top > 0, top, 1)
        borders = np.arange(len(rows) + 1)
        image = axes.pcolormesh(shown, borders, scaled, cmap="RdBu_r", vmin=-1, vmax=1)
        axes.set(xscale="log", title=title, xlabel=xlabel)
        axes.set_yticks(borders[:-1] + 0.5, rows, fontsize=8)
        axes.invert_yaxis()
        axes.set_xticks(_octaves(shown), labels=[f"{place:g}" for place in _octaves(shown)])
        axes.minorticks_off()
        figure.colorbar(image, ax=axes, shrink=0.9, label="share of the row's largest")
    return figure


def _octaves(edges: np.ndarray) -> list[float]:
    places = [25.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0]
    return [place for place in places if edges[0] <= place <= edges[-1]]


def scatter_figure(target: np.ndarray, preds: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw predicted against true values of each output, with the diagonal.

    Args:
        target: shape (n_rows, n_outputs).
        preds: the same shape.
        names: of the outputs.
    """
    n_rows = -(-len(names) // 4)
    figure = Figure(figsize=(9.6, 2.4 * n_rows), layout="constrained")
    panels: list[Axes] = list(figure.subplots(n_rows, 4, squeeze=False).flat)
    for axes in panels[len(names) :]:
        axes.remove()
    for place, name in enumerate(names):
        axes = panels[place]
        axes.plot(target[:, place], preds[:, place], ".", color=BLUE, alpha=0.35, markersize=4)
        ends = [target[:, place].min(), target[:, place].max()]
        axes.plot(ends, ends, color=ORANGE, linewidth=1)
        axes.set_title(name, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("true", fontsize=9)
    figure.supylabel("predicted", fontsize=9)
    return figure


def songs_figure(
    frequencies: np.ndarray,
    spectra: np.ndarray,
    target: np.ndarray,
    preds: np.ndarray,
    names: Sequence[str],
    titles: Sequence[str],
) -> Figure:
    """Draw a few songs: the spectrum at the left, true and predicted features at the right.

    Args:
        frequencies: middle of each bin, in Hz, shape (n_bins,).
        spectra: standardised, shape (n_songs, n_bins).
        target: standardised, shape (n_songs, n_features).
        preds: the same.
        names: of the features.
        titles: of the songs.
    """
    n_songs = len(titles)
    figure = Figure(figsize=(9.6, 2.5 * n_songs), layout="constrained")
    grid = figure.subplots(n_songs, 2, squeeze=False)
    places = np.arange(len(names))
    for row, title in enumerate(titles):
        left, right = grid[row]
        left.plot(frequencies, spectra[row], color=BLUE, linewidth=0.5)
        left.set_title(title if len(title) <= 48 else title[:47] + "…", fontsize=9)
        right.plot(places, target[row], "o", color=GREY, label="true")
        right.plot(places, preds[row], "D", color=ORANGE, markersize=5, label="predicted")
        right.axhline(0, color="black", linewidth=0.6)
        right.set_xticks(places, names, rotation=40, ha="right", fontsize=7)
        for axes in (left, right):
            axes.tick_params(labelsize=7)
            axes.spines[["top", "right"]].set_visible(False)
    grid[-1][0].set_xlabel("Hz", fontsize=8)
    grid[0][1].legend(frameon=False, fontsize=7, ncols=2)
    return figure
