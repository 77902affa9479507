"""Figures of several settings: which a test separates, and how a metric goes with a setting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from muso_exp.figures.common import BLUE, GREY, NARROW, ORANGE, narrow, shortened

_LOG_FROM = 50  # times the smallest value: a wider range of a parameter is shown by its logarithm
_TICKS = 8  # at most, on a logarithmic axis
_BAR = 0.35  # rows between two bars


def critical_difference_figure(
    names: Sequence[str], values: np.ndarray, groups: Sequence[tuple[int, int]], metric: str
) -> Figure:
    """Draw settings on the axis of a metric; a bar joins those that this test does not separate.

    Args:
        names: of the settings.
        values: what each measured, ascending, shape (n,).
        groups: first and last place of the settings that a bar joins.
        metric: its name.

    Source: Demsar, JMLR 7 (2006), figure 1, with the metric itself in place of average ranks.
    """
    n = len(names)
    top = _BAR * (len(groups) + 1)
    figure, axes = narrow(0.8 + 0.22 * n + 0.5 * top)
    for level, (first, last) in enumerate(groups):
        height = _BAR * (level + 1)
        axes.plot(
            values[[first, last]], [height, height], color=ORANGE, lw=3, solid_capstyle="butt"
        )
    axes.plot(values, np.zeros(n), "o", color=BLUE, markersize=4, clip_on=False)
    span = float(np.ptp(values)) or 1.0
    half = (n + 1) // 2
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        left = place < half
        depth = -(place + 1 if left else n - place) * 0.8
        edge = values[0] - 0.06 * span if left else values[-1] + 0.06 * span
        axes.plot([value, value, edge], [0, depth, depth], color=GREY, lw=0.7)
        side = "right" if left else "left"
        text = f"{shortened(name, 26)} {value:.3g}"
        axes.text(edge, depth, text, ha=side, va="center", fontsize=7)
    axes.set_xlim(values[0] - 0.9 * span, values[-1] + 0.9 * span)
    axes.set_ylim(-0.8 * (half + 1), top)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_xlabel(metric)
    return figure


def by_param_figure(
    param: str, at: Sequence[object], values: np.ndarray, intervals: np.ndarray, metric: str
) -> Figure:
    """Draw a metric by a setting: a point per run with its interval, a line through the means.

    Args:
        param: name of the setting.
        at: value of it, of each run; numbers are drawn to scale.
        values: measured, shape (n,).
        intervals: shape (n, 2).
        metric: its name.
    """
    figure, axes = narrow(3.0)
    x, ticks = _places(at)
    below = np.maximum(values - intervals[:, 0], 0)
    above = np.maximum(intervals[:, 1] - values, 0)
    axes.errorbar(
        x, values, yerr=[below, above], fmt="o", color=BLUE, ecolor=GREY, capsize=2, markersize=4
    )
    levels = np.unique(x)
    means = [values[x == level].mean() for level in levels]
    axes.plot(levels, means, color=ORANGE, lw=1.2)
    if ticks is not None:
        axes.set_xticks(range(len(ticks)), [shortened(tick, 14) for tick in ticks], fontsize=7)
    elif levels[0] > 0 and levels[-1] / levels[0] >= _LOG_FROM:
        axes.set_xscale("log")
        shown = levels[:: -(-len(levels) // _TICKS)]  # names are drawn as text, powers of 10 too
        axes.set_xticks(shown, [f"{level:g}" for level in shown], fontsize=7)
        axes.minorticks_off()
    axes.set_xlabel(param)
    axes.set_ylabel(metric)
    return figure


def interaction_figure(
    params: tuple[str, str],
    at: tuple[Sequence[object], Sequence[object]],
    values: np.ndarray,
    metric: str,
) -> Figure:
    """Draw the mean of a metric by two settings at once, a cell per pair of their values.

    Args:
        params: names of the settings; the first is the horizontal one.
        at: value of each, of each run.
        values: measured, shape (n,).
        metric: its name.
    """
    columns, rows = (_ordered(one) for one in at)
    table = np.full((len(rows), len(columns)), np.nan)
    for row, name in enumerate(rows):
        for column, other in enumerate(columns):
            here = [
                value
                for value, first, second in zip(values, *at, strict=True)
                if str(first) == other and str(second) == name
            ]
            table[row, column] = np.mean(here) if here else np.nan
    figure, axes = narrow(1.2 + 0.35 * len(rows))
    figure.set_figwidth(max(NARROW, 1.6 + 0.6 * len(columns)))
    shown = axes.imshow(table, aspect="auto", cmap="cividis")
    middle = (np.nanmin(table) + np.nanmax(table)) / 2
    for (row, column), value in np.ndenumerate(table):
        if np.isfinite(value):
            colour = "white" if value < middle else "black"
            axes.text(
                column, row, f"{value:.3g}", ha="center", va="center", fontsize=7, color=colour
            )
    axes.set_xticks(range(len(columns)), [shortened(name, 12) for name in columns])
    axes.set_yticks(range(len(rows)), [shortened(name, 16) for name in rows])
    axes.set_xlabel(params[0])
    axes.set_ylabel(params[1])
    figure.colorbar(shown, ax=axes, label=metric, shrink=0.9)
    return figure


def _places(at: Sequence[object]) -> tuple[np.ndarray, list[str] | None]:
    """Return where values stand on an axis, and their names where they are no numbers."""
    if are_numbers(at):
        return np.array(at, dtype=float), None
    names = _ordered(at)
    return np.array([names.index(str(value)) for value in at], dtype=float), names


def _ordered(at: Sequence[object]) -> list[str]:
    """Return the different values as text: numbers by size, others as they come."""
    values = sorted(at) if are_numbers(at) else at  # type: ignore[type-var]
    return list(dict.fromkeys(map(str, values)))


def are_numbers(at: Sequence[object]) -> bool:
    """Return whether all values of a setting are numbers."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in at)
