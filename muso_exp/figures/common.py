"""Figures: arrays in, matplotlib Figure out; no pyplot, no global state."""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from muso_exp.records import Drawing
from muso_exp.text import visible

BLUE, ORANGE, GREY = "#2563a8", "#d9822b", "#8a8f98"
PIXELS = 200  # of a figure, an inch: twice what a page shows
NARROW = 4.6  # inches, of a figure that is read on a telephone: at 390 px a point is a pixel


def _canvas(width: float = 7.0, height: float = 4.2) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def narrow(height: float) -> tuple[Figure, Axes]:
    """Return a figure that can be read on a telephone, so many inches high, and its axes."""
    figure = Figure(figsize=(NARROW, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.yaxis.label.set_fontsize(8)
    axes.xaxis.label.set_fontsize(8)
    return figure, axes


def shortened(label: str, longest: int = 22) -> str:
    """Return a label of a figure, cut where it is longer than that."""
    return label if len(label) <= longest else label[: longest - 1] + "…"


def legend_above(axes: Axes, columns: int) -> None:
    """Put the legend of a narrow figure above it, in so many columns."""
    axes.legend(
        frameon=False, fontsize=8, ncols=columns, loc="lower left", bbox_to_anchor=(0, 1),
        borderaxespad=0.2, handlelength=1.0, columnspacing=1.0,
    )  # fmt: skip


def save(drawing: Drawing, path: Path) -> None:
    """Write a figure; names in it are drawn as they are: `$` begins no formula."""
    _made(drawing).savefig(path, dpi=PIXELS)


def to_svg(drawing: Drawing, name: str) -> str:
    """Return a figure as an SVG element for a page; what is black in it has the page's colour.

    Texts are text of the page, names as in `save`; nothing in it is fetched from elsewhere.

    Args:
        drawing: a figure that was not drawn before, or what makes it.
        name: unlike those of the other figures of the page, of which its ids are made.
    """
    figure, file = _made(drawing), io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the page's fonts draw it
        facts = dict.fromkeys(["Creator", "Date", "Format", "Type"])
        figure.savefig(file, format="svg", transparent=True, metadata=facts)
    text = file.getvalue()
    text = re.sub("<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    head, _, rest = text.partition(">")
    view = re.search('viewBox="[^"]*"', head)
    style = 'style="fill: currentColor" role="img"'
    text = (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {view[0] if view else ""} {style}>{rest}'
    )
    return text.replace("#000000", "currentColor")


def _made(drawing: Drawing) -> Figure:
    figure = drawing if isinstance(drawing, Figure) else drawing()
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_text(visible(text.get_text()))
    return figure


def loss_figure(history: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    """Draw the loss over epochs; `history` maps a stage to its (epoch, loss) points."""
    figure, axes = _canvas()
    for (stage, points), colour in zip(history.items(), (BLUE, ORANGE, GREY), strict=False):
        epochs, losses = zip(*points, strict=True)
        marker = "o" if len(points) < 30 else None
        axes.plot(epochs, losses, label=stage, color=colour, marker=marker, markersize=3)
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend(frameon=False)
    return figure


def matrix_figure(
    values: np.ndarray, labels: Sequence[str], title: str, colour_label: str
) -> Figure:
    """Draw a square matrix (n, n) as an image, NaN white; up to 40 labels, 12 rows of values."""
    figure, axes = _canvas(6.4, 5.4)
    image = axes.imshow(values, cmap="viridis", interpolation="nearest")
    figure.colorbar(image, ax=axes, label=colour_label, shrink=0.85)
    axes.set_title(title)
    if len(labels) <= 40:
        axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=6)
        axes.set_yticks(range(len(labels)), labels, fontsize=6)
    if len(labels) <= 12:
        middle = np.nanmean([np.nanmin(values), np.nanmax(values)])
        for (row, column), value in np.ndenumerate(values):
            colour = "black" if value > middle else "white"  # the scale is light at its top
            shown = "" if np.isnan(value) else f"{value:g}"
            axes.text(column, row, shown, ha="center", va="center", color=colour, fontsize=9)
    return figure


def truth_figure(target: np.ndarray, preds: np.ndarray, label: str) -> Figure:
    """Draw predicted against true integer values (n,) as a heat map, with the diagonal."""
    figure, axes = _canvas(6.0, 5.2)
    top = int(max(target.max(), preds.max())) + 1
    edges = np.arange(0.5, top + 0.5)
    counts, _, _ = np.histogram2d(target, preds, bins=(edges, edges))
    shown = np.ma.masked_equal(counts.T, 0)
    image = axes.pcolormesh(edges, edges, shown, cmap="Blues", vmin=0)
    axes.plot([0.5, top - 0.5], [0.5, top - 0.5], color=ORANGE, linewidth=1, label="perfect")
    figure.colorbar(image, ax=axes, label="test items", shrink=0.85)
    axes.set(xlabel=f"true {label}", ylabel=f"predicted {label}", aspect="equal")
    axes.legend(frameon=False, loc="upper left")
    return figure


def bars_figure(
    labels: Sequence[str], values: np.ndarray, errors: np.ndarray | None, xlabel: str
) -> Figure:
    """Draw horizontal bars, first label on top.

    Args:
        labels: one name per bar; long names are cut.
        values: bar lengths, shape (n,).
        errors: half widths (n,), or lengths below and above the value (2, n), or None.
        xlabel: what is measured, with its unit.
    """
    figure, axes = _canvas(7.0, 1.2 + 0.26 * len(labels))
    names = [name if len(name) <= 40 else name[:39] + "…" for name in labels]
    places = np.arange(len(names))
    axes.barh(places, values, xerr=errors, color=BLUE, ecolor=GREY, height=0.7)
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(xlabel)
    return figure


def curve_figure(
    x: np.ndarray,
    values: np.ndarray,
    intervals: np.ndarray,
    reported: np.ndarray,
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Draw values (n,) with intervals (n, 2) over x (n,), and what a paper reports there.

    Args:
        x: places, ascending within a line; equal ones (several seeds) stand above each other.
        values: measured.
        intervals: lower and upper ends.
        reported: of the paper, NaN where it has none.
        xlabel: what x counts.
        ylabel: what is measured.
    """
    figure, axes = _canvas()
    order = np.argsort(x, kind="stable")
    errors = _errors(values, intervals)[:, order]
    axes.errorbar(
        x[order], values[order], errors, fmt="o-", color=BLUE, ecolor=GREY, label="measured"
    )
    if np.isfinite(reported).any():
        axes.plot(x[order], reported[order], "s", color=ORANGE, label="reported")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend(frameon=False)
    return figure


def points_figure(
    x: np.ndarray, y: np.ndarray, xlabel: str, ylabel: str, reference: float
) -> Figure:
    """Draw points of x (n,) and y (n,), with a dashed line at a height."""
    figure, axes = _canvas()
    axes.scatter(x, y, s=14, color=BLUE, alpha=0.5, linewidths=0)
    axes.axhline(reference, color=GREY, linestyle="--", linewidth=1)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return figure


def forest_figure(
    labels: Sequence[str],
    values: np.ndarray,
    intervals: np.ndarray,
    xlabel: str,
    reference: float | np.ndarray | None = None,
    reference_name: str = "",
) -> Figure:
    """Draw values (n,) with their intervals (n, 2), first label on top.

    Args:
        labels: one name per value.
        values: measured.
        intervals: lower and upper ends.
        xlabel: what is measured.
        reference: what the values are set beside: one value, a dashed line; or one each (n,), a
            mark, NaN for none; None draws nothing.
        reference_name: of the reference.
    """
    figure, axes = _canvas(7.0, 1.2 + 0.32 * len(labels))
    places = np.arange(len(labels))
    errors = _errors(values, intervals)
    axes.errorbar(values, places, xerr=errors, fmt="o", color=BLUE, ecolor=GREY, capsize=3)
    axes.set_yticks(places, list(labels), fontsize=8)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    if reference is not None and np.isfinite(reference).any():
        if isinstance(reference, np.ndarray):
            axes.plot(reference, places, "D", color=ORANGE, markersize=6, label=reference_name)
        else:
            axes.axvline(reference, color=ORANGE, linestyle="--", lw=1, label=reference_name)
        if reference_name:  # above the rows, none of which it may cover
            axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1))
    axes.set_xlabel(xlabel)
    return figure


def _errors(values: np.ndarray, intervals: np.ndarray) -> np.ndarray:
    """Return how far an interval (n, 2) reaches below and above its value, shape (2, n)."""
    return np.maximum((intervals - values[:, None]) * [-1, 1], 0).T
