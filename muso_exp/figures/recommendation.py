"""Figures of recommenders: arrays in, matplotlib Figure out."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from muso_exp.figures.common import _canvas


def weights_figure(listeners: np.ndarray, weights: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw the weights of parts (n_knots, n_parts) over listeners (n_knots,), log(1 + x)."""
    figure, axes = _canvas(7.0, 4.4)
    place = np.log1p(listeners)
    for column, name in enumerate(names):
        axes.plot(place, weights[:, column], marker="o", markersize=3, label=name)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(place, [str(n) for n in listeners.tolist()])
    axes.set(xlabel="listeners of the item in training", ylabel="weight of the part's z-score")
    axes.legend(frameon=False, fontsize=8)
    return figure
