"""Figures of two-class tasks: arrays in, matplotlib Figure out; no pyplot, no global state."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from muso_exp.figures.common import BLUE, GREY, ORANGE

COLOURS = (ORANGE, BLUE)  # of the negative and of the positive class


def _panels(n: int, columns: int, width: float = 3.4, height: float = 2.6) -> tuple[Figure, list]:
    rows = -(-n // columns)
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    panels: list[Axes] = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in panels[n:]:
        axes.remove()
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, panels[:n]


def distributions_figure(
    columns: Mapping[str, np.ndarray], target: np.ndarray, names: tuple[str, str]
) -> Figure:
    """Draw a histogram of each column for both classes.

    Args:
        columns: values by name, shapes (n,).
        target: 1 positive or 0, shape (n,).
        names: of the positive and of the negative class.
    """
    figure, panels = _panels(len(columns), columns=4, width=2.6, height=2.1)
    for axes, (name, values) in zip(panels, columns.items(), strict=True):
        edges = np.histogram_bin_edges(values, bins=25)
        for label, colour in ((1, COLOURS[1]), (0, COLOURS[0])):
            shown = names[1 - label]
            own = values[target == label]
            axes.hist(own, edges, histtype="stepfilled", color=colour, alpha=0.55, label=shown)
        axes.set_title(name, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.set_yticks([])
    panels[0].legend(frameon=False, fontsize=7)
    return figure


def ranking_figure(target: np.ndarray, probability: np.ndarray) -> Figure:
    """Draw the ROC and the precision-recall curve of probabilities (n,) of 0/1 targets (n,)."""
    figure, (left, right) = _panels(2, columns=2, height=3.2)
    false_rate, true_rate, _ = roc_curve(target, probability)
    left.plot(false_rate, true_rate, color=BLUE)
    left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    left.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
    precision, recall, _ = precision_recall_curve(target, probability)
    right.step(recall, precision, where="post", color=BLUE)
    right.axhline(target.mean(), color=GREY, linestyle="--", linewidth=1)
    right.set(xlabel="recall", ylabel="precision", ylim=(0, 1.03), title="precision and recall")
    return figure


def calibration_figure(target: np.ndarray, probability: np.ndarray, n_bins: int = 10) -> Figure:
    """Draw the share of positives against the probability, and how the probabilities spread.

    Args:
        target: 0 or 1, shape (n,).
        probability: of the positive class, shape (n,).
        n_bins: bins of equal width.
    """
    figure, (left, right) = _panels(2, columns=2, height=3.2)
    share, mean = calibration_curve(target, probability, n_bins=n_bins)
    left.plot(mean, share, color=BLUE, marker="o", markersize=4)
    left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    left.set(xlabel="mean probability", ylabel="share of positives", title="calibration")
    edges = np.linspace(0, 1, 41)
    for label, colour in ((1, COLOURS[1]), (0, COLOURS[0])):
        own, style = probability[target == label], {"histtype": "stepfilled", "alpha": 0.55}
        right.hist(own, edges, color=colour, label=str(label), **style)
    right.legend(frameon=False, title="target", fontsize=8)
    right.set(xlabel="probability", ylabel="test tracks", title="spread of the probabilities")
    return figure


def confusion_figure(target: np.ndarray, decision: np.ndarray, names: tuple[str, str]) -> Figure:
    """Draw the counts of true against decided class; `names` of the positive and the negative."""
    figure, (axes,) = _panels(1, columns=1, width=4.6, height=4.0)
    counts = confusion_matrix(target, decision, labels=[1, 0])
    axes.imshow(counts, cmap="Blues", vmin=0)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if count > counts.max() / 2 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=13)
    labels = [name if len(name) <= 24 else name[:23] + "…" for name in names]
    axes.set_xticks([0, 1], labels)
    axes.set_yticks([0, 1], labels, rotation=90, va="center")
    axes.set(xlabel="decided", ylabel="true")
    return figure
