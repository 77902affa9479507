"""Figures of a data set before any model; narrow, so that they can be read on a telephone."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from muso_exp.figures.common import BLUE, NARROW, ORANGE, legend_above, narrow, shortened

COLOURS = (BLUE, ORANGE, "#3c8d5a", "#b84a4a", "#8064a2")  # of groups and curves
_ACROSS = 3  # histograms in a row
_BINS = 30
_FEW = 100  # times the least: more has marks at powers of ten alone
_WHOLE = 40  # different whole numbers that get a bar each


def histograms_figure(
    columns: Mapping[str, np.ndarray], groups: Mapping[str, np.ndarray] | None = None
) -> Figure:
    """Draw how the values of each column are spread; values that are not finite are left out.

    Args:
        columns: values by name, shapes (n,).
        groups: rows that are drawn apart, as masks (n,) by name, at most five; None: all as one.
    """
    across = min(_ACROSS, len(columns))
    rows = -(-len(columns) // across)
    figure = Figure(figsize=(NARROW, 1.35 * rows + 0.3), layout="constrained")
    panels = list(figure.subplots(rows, across, squeeze=False).flat)
    for axes, (name, values) in zip(panels, columns.items(), strict=False):
        finite = np.isfinite(values)
        edges = _edges(values[finite])
        for (label, mask), colour in zip(
            _groups(groups, len(values)).items(), COLOURS, strict=False
        ):
            shown = values[mask & finite]
            weights = np.full(len(shown), 1 / max(len(shown), 1))
            style = {"color": colour, "alpha": 0.55 if groups else 1.0}
            axes.hist(shown, edges, weights=weights, label=shortened(label), **style)
        axes.set_title(shortened(name, 66 // across - 2), fontsize=8)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(labelsize=6)
        axes.set_yticks([])
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=_is_whole(edges)))
    for axes in panels[len(columns) :]:
        axes.remove()
    if groups:
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    return figure


def ranks_figure(counts: Mapping[str, np.ndarray], ylabel: str) -> Figure:
    """Draw how much each has, the one with most first, on logarithmic axes: the long tail.

    Args:
        counts: what is counted of each user, item, ..., by what they are, shapes (n,); those
            with 0 are left out.
        ylabel: what is counted.
    """
    figure, axes = narrow(2.8)
    for (name, values), colour in zip(counts.items(), COLOURS, strict=False):
        ordered = np.sort(values[values > 0])[::-1]
        marker = "o" if len(ordered) < 30 else None
        places = np.arange(1, len(ordered) + 1)
        axes.plot(places, ordered, color=colour, label=name, marker=marker, markersize=3)
    axes.set(xscale="log", yscale="log", xlabel="rank, the one with most first", ylabel=ylabel)
    for axis in (axes.xaxis, axes.yaxis):
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < _FEW * low else (1,)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axis.set_minor_formatter(NullFormatter())
    legend_above(axes, len(counts))
    return figure


def frequencies_figure(labels: Sequence[str], counts: np.ndarray, xlabel: str) -> Figure:
    """Draw a bar for each label, the first on top.

    Args:
        labels: names of the bars; long ones are cut.
        counts: lengths, shape (n_labels,).
        xlabel: what is counted.
    """
    figure, axes = narrow(0.7 + 0.19 * len(labels))
    places = np.arange(len(labels))
    axes.barh(places, counts, color=BLUE, height=0.7)
    axes.set_yticks(places, [shortened(label) for label in labels])
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel(xlabel)
    _grid(axes)
    return figure


def _grid(axes: Axes) -> None:
    axes.xaxis.grid(True, alpha=0.25)
    axes.set_axisbelow(True)


def _groups(groups: Mapping[str, np.ndarray] | None, n: int) -> Mapping[str, np.ndarray]:
    return {"": np.ones(n, bool)} if groups is None else groups


def _is_whole(edges: np.ndarray) -> bool:
    """Return whether each bin is of one whole number."""
    return bool(np.all(np.diff(edges) == 1) and edges[0] % 1 == 0.5)


def _edges(values: np.ndarray) -> np.ndarray:
    """Return where bins begin and end: a bin each of few whole numbers, else of equal widths."""
    if not len(values):
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if high - low < _WHOLE and np.array_equal(values, np.round(values)):
        return np.arange(low - 0.5, high + 1)
    return np.linspace(low, high if high > low else low + 1, _BINS + 1)
