"""The figure that leads a report: each metric beside the best null model and the document."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from muso_exp.figures.common import BLUE, GREY, ORANGE

_GREEN = "#1b7f4b"


@dataclass(frozen=True)
class Bar:
    """A metric of the figure; None where there is no such value.

    Attributes:
        metric: its name.
        measured: value of the model.
        interval: its 95 % interval.
        null: value of the best null model.
        null_name: its name in words.
        reported: value in the document.
    """

    metric: str
    measured: float | None
    interval: tuple[float | None, float | None]
    null: float | None
    null_name: str
    reported: float | None


def headline_figure(bars: Sequence[Bar]) -> Figure:
    """Draw a line for each metric, each on its own scale: measured, best null, reported."""
    height = 0.75 + 0.75 * len(bars)
    figure = Figure(figsize=(7.0, height), layout="constrained")
    handles: dict[str, Any] = {}
    for bar, axes in zip(bars, figure.subplots(len(bars), squeeze=False)[:, 0], strict=True):
        handles |= _draw(axes, bar)
    if handles:
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside upper left",
            ncols=3,
            frameon=False,
            fontsize=9,
        )
    return figure


def _draw(axes: Axes, bar: Bar) -> dict[str, Any]:
    """Draw one metric; return what the legend names."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_yticks([0], [bar.metric], fontsize=10)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8, colors=GREY)
    axes.set_ylim(-0.6, 0.9)
    axes.axhline(0, color="#e3e6ea", linewidth=1, zorder=0)
    handles: dict[str, Any] = {}
    if bar.null is not None:
        handles["best null model"] = axes.plot([bar.null], [0], "D", color=ORANGE, markersize=8)[0]
        axes.annotate(
            bar.null_name, (bar.null, 0), (0, 9), textcoords="offset points", fontsize=8,
            ha="center", color=ORANGE, annotation_clip=False,
        )  # fmt: skip
    if bar.reported is not None:
        mark = axes.plot(
            [bar.reported], [0], "s", color=_GREEN, markersize=9, fillstyle="none", mew=2
        )[0]
        handles["reported"] = mark
    if bar.measured is not None:
        low, high = (bar.measured if end is None else end for end in bar.interval)
        errors = [[max(bar.measured - low, 0)], [max(high - bar.measured, 0)]]
        handles["measured, 95 % interval"] = axes.errorbar(
            [bar.measured], [0], xerr=errors, fmt="o", color=BLUE, capsize=4, markersize=7
        )
    axes.margins(x=0.12)
    return handles
