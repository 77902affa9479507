"""Figures of recommenders: arrays in, matplotlib Figure out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from muso_exp.figures.common import BLUE, GREY, ORANGE


def weights_figure(listeners: np.ndarray, weights: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw the weights of parts (n_knots, n_parts) over listeners (n_knots,), log(1 + x)."""
    figure = Figure(figsize=(7.0, 4.4), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    place = np.log1p(listeners)
    for column, name in enumerate(names):
        axes.plot(place, weights[:, column], marker="o", markersize=3, label=name)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(place, [str(n) for n in listeners.tolist()])
    axes.set(xlabel="listeners of the item in training", ylabel="weight of the part's z-score")
    axes.legend(frameon=False, fontsize=8)
    return figure


def tradeoff_figure(table: pd.DataFrame, accuracy: str, diversities: Sequence[str]) -> Figure:
    """Draw accuracy against each diversity, a line for each way to recommend.

    Args:
        table: `recommended by`, `strength`, and each metric with `_low` and `_high`.
        accuracy: its column.
        diversities: theirs, at least one.
    """
    figure = Figure(figsize=(4.6 * len(diversities), 4.2), layout="constrained")
    panels = figure.subplots(1, len(diversities), squeeze=False)[0]
    for axes, diversity in zip(panels, diversities, strict=True):
        for (kind, own), colour in zip(
            table.groupby("recommended by", sort=False), (BLUE, ORANGE, GREY), strict=False
        ):
            x, y = own[diversity].to_numpy(), own[accuracy].to_numpy()
            errors = [
                np.abs(own[[f"{name}_low", f"{name}_high"]].to_numpy().T - values)
                for name, values in ((diversity, x), (accuracy, y))
            ]
            axes.errorbar(
                x, y, yerr=errors[1], xerr=errors[0], color=colour, marker="o", markersize=3,
                elinewidth=0.7, label=kind,
            )  # fmt: skip
            for strength, *place in zip(own["strength"], x, y, strict=True):
                axes.annotate(f"{strength:g}", place, fontsize=7, xytext=(4, 3),
                              textcoords="offset points")  # fmt: skip
        axes.spines[["top", "right"]].set_visible(False)
        axes.set(xlabel=f"{diversity} of the lists", ylabel=accuracy)
        axes.legend(frameon=False, fontsize=8)
    return figure
