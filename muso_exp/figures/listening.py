"""Figures of one person's listening; narrow, so that they can be read on a telephone."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from muso_exp.figures.common import BLUE, GREY, ORANGE, legend_above, narrow, shortened

_LABELS = 12  # below bars
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_COLOURS = (
    *(BLUE, ORANGE, "#3c8d5a", "#b84a4a", "#8064a2", "#b58900", "#3b9aa8", "#c2649a"),
    *("#7a9e2f", GREY),
)


def months_figure(months: np.ndarray, new: np.ndarray, known: np.ndarray, ylabel: str) -> Figure:
    """Draw what is played each month, of new artists above that of known ones.

    Args:
        months: first day of each month, datetime64, ascending, without gaps, shape (n,).
        new: plays of artists that are new in the year, shape (n,).
        known: the other plays, shape (n,).
        ylabel: what is counted.
    """
    figure, axes = narrow(2.6)
    edges = np.arange(len(months) + 1)
    axes.stairs(known, edges, fill=True, color=BLUE, label="of artists known from earlier years")
    axes.stairs(
        known + new,
        edges,
        baseline=known,
        fill=True,
        color=ORANGE,
        label="of artists new that year",
    )
    marked, labels = _month_labels(months)
    axes.set_xticks(marked, labels)
    axes.set_ylabel(ylabel)
    legend_above(axes, 1)
    return figure


def _month_labels(months: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return which months are labelled, and how: of more than two years the first of a year."""
    texts = months.astype("datetime64[M]").astype(str)
    if len(months) <= 24:
        marked = np.arange(0, len(months), -(-len(months) // 6))
        return marked, texts[marked].tolist()
    marked = np.flatnonzero([text.endswith("-01") for text in texts])
    marked = marked[:: -(-len(marked) // _LABELS)]
    return marked, [text[:4] for text in texts[marked]]


def stacked_figure(
    labels: Sequence[object], parts: Mapping[str, np.ndarray], ylabel: str, height: float = 2.6
) -> Figure:
    """Draw a bar for each label, made of parts (n_labels,) in the order given.

    Args:
        labels: below the bars; of more than twelve some are written.
        parts: values of each part by its name; at most ten.
        ylabel: what the values are.
        height: of the figure, inches.
    """
    figure, axes = narrow(height)
    places, base = np.arange(len(labels)), np.zeros(len(labels))
    for (name, values), colour in zip(parts.items(), _COLOURS, strict=False):
        axes.bar(places, values, bottom=base, color=colour, label=name, width=0.75)
        base = base + values
    shown = places[:: -(-len(labels) // _LABELS)]
    axes.set_xticks(shown, [str(labels[place]) for place in shown])
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylabel(ylabel)
    if len(parts) > 1:
        legend_above(axes, 3 if len(parts) > 3 else len(parts))
    return figure


def clock_figure(clock: np.ndarray) -> Figure:
    """Draw what is played by day of the week and hour, shape (7, 24), Monday first."""
    figure, axes = narrow(2.0)
    shades = ListedColormap([to_rgba(BLUE, share) for share in np.linspace(0, 1, 64)])
    axes.pcolormesh(np.arange(25), np.arange(8), clock, cmap=shades, vmin=0)
    axes.set_yticks(np.arange(7) + 0.5, _DAYS)
    axes.set_xticks(range(0, 24, 3), [f"{hour}:00" for hour in range(0, 24, 3)])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def compared_figure(
    labels: Sequence[str], yours: np.ndarray, others: np.ndarray, names: Sequence[str], xlabel: str
) -> Figure:
    """Draw two values of each label, a dot each with a line between them, first label on top.

    Args:
        labels: names of the rows; long ones are cut.
        yours: shape (n_labels,).
        others: shape (n_labels,).
        names: of the two, in this order.
        xlabel: what the values are.
    """
    figure, axes = narrow(0.9 + 0.2 * len(labels))
    places = np.arange(len(labels))
    axes.hlines(places, yours, others, color=GREY, linewidth=1)
    axes.plot(others, places, "o", color=GREY, markersize=4, label=names[1])
    axes.plot(yours, places, "o", color=ORANGE, markersize=6, label=names[0])
    axes.set_yticks(places, [shortened(label) for label in labels])
    axes.invert_yaxis()
    axes.set_xlabel(xlabel)
    legend_above(axes, 2)
    return figure
