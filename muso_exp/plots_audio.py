"""Figures of tasks on sound: arrays in, matplotlib Figure out; no pyplot, no global state."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from muso_exp.plots import BLUE, GREY, ORANGE

_WRITTEN = 16  # classes whose counts are written into the cells


def confusion_figure(counts: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw counts (n, n) of true (rows) against decided class (columns)."""
    size = 2.6 + 0.42 * min(len(names), 30)
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(counts, cmap="Blues", vmin=0)
    if len(names) <= _WRITTEN:
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if count > counts.max() / 2 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
    labels = [name if len(name) <= 18 else name[:17] + "…" for name in names]
    places = range(len(names))
    axes.set_xticks(places, labels, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(places, labels, fontsize=8)
    axes.set(xlabel="decided", ylabel="true")
    return figure


def group_bars_figure(
    labels: Sequence[str], columns: Mapping[str, np.ndarray], xlabel: str
) -> Figure:
    """Draw horizontal bars of up to three columns (n,) side by side for each of n labels."""
    figure = Figure(figsize=(7.0, 1.2 + 0.42 * len(labels)), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    places, height = np.arange(len(labels)), 0.8 / len(columns)
    for number, ((name, values), colour) in enumerate(
        zip(columns.items(), (BLUE, ORANGE, GREY), strict=False)
    ):
        offset = (number - (len(columns) - 1) / 2) * height
        axes.barh(places + offset, values, height * 0.92, color=colour, label=name)
    axes.set_yticks(places, list(labels), fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(xlabel)
    figure.legend(frameon=False, fontsize=8, loc="outside upper center", ncols=3)
    return figure


def confidence_figure(
    right: np.ndarray,
    confidence: np.ndarray,
    mean: np.ndarray,
    share: np.ndarray,
    counts: np.ndarray,
) -> Figure:
    """Draw the share of right decisions against their confidence, and how confidence spreads.

    Args:
        right: 1 where the decision is the truth, else 0, shape (n,).
        confidence: probability of what was decided, shape (n,).
        mean: confidence in each bin, shape (n_bins,).
        share: right decisions in each bin, shape (n_bins,).
        counts: decisions in each bin, written beside its point, shape (n_bins,).
    """
    figure = Figure(figsize=(7.0, 3.2), layout="constrained")
    left, middle = figure.subplots(1, 2)
    left.plot(mean, share, color=BLUE, marker="o", markersize=4)
    for x, y, count in zip(mean, share, counts, strict=True):
        left.annotate(str(count), (x, y), (3, 4), textcoords="offset points", fontsize=7)
    left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    left.set(xlabel="confidence", ylabel="share of right decisions", ylim=(-0.05, 1.1))
    edges = np.linspace(0, 1, 21)
    for label, value, colour in (("right", 1, BLUE), ("wrong", 0, ORANGE)):
        middle.hist(confidence[right == value], edges, color=colour, alpha=0.55, label=label)
    middle.set(xlabel="confidence", ylabel="test clips")
    middle.legend(frameon=False, fontsize=8)
    for axes in (left, middle):
        axes.spines[["top", "right"]].set_visible(False)
    return figure
