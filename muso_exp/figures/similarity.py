"""How many pairs have which two likenesses."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from muso_exp.figures.common import ORANGE

N_BINS = 40  # of each axis of the density
N_MEANS = 10  # parts of the range of x that a mean is shown of


def density_figure(x: np.ndarray, y: np.ndarray, xlabel: str, ylabel: str) -> Figure:
    """Draw how many points lie where, and the mean of y in tenths of the range of x.

    Args:
        x: shape (n,), at least one.
        y: shape (n,).
        xlabel: of x.
        ylabel: of y.
    """
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    axes = figure.add_subplot()
    counts = axes.hist2d(x, y, bins=N_BINS, cmin=1, norm=LogNorm(), cmap="Blues")[3]
    plain = FuncFormatter(lambda value, _: f"{value:,.0f}")  # powers would need mathematics in text
    figure.colorbar(counts, ax=axes, label="pairs", format=plain)
    edges = np.linspace(x.min(), x.max(), N_MEANS + 1)
    part = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, N_MEANS - 1)
    number = np.bincount(part, minlength=N_MEANS)
    there = number > 0
    sums_x, sums_y = (np.bincount(part, values, N_MEANS)[there] for values in (x, y))
    axes.plot(sums_x / number[there], sums_y / number[there], "o-", color=ORANGE, label="mean")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure
