"""Figures of recommenders: arrays in, matplotlib Figure out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from muso_exp.figures.common import BLUE, GREY, ORANGE


def weights_figure(
    listeners: Sequence[int], artists: Sequence[int], weights: np.ndarray, names: Sequence[str]
) -> Figure:
    """Draw the weights of parts over listeners of the item, log(1 + x), a panel for each artist.

    Args:
        listeners: of the item, ascending, n_knots.
        artists: listeners of its artist's other items, n_artist_knots.
        weights: shape (n_knots, n_artist_knots, n_parts).
        names: of the parts.
    """
    alone = len(artists) == 1
    figure = Figure(figsize=(7.0 if alone else 3.6 * len(artists), 4.4), layout="constrained")
    panels = figure.subplots(1, len(artists), squeeze=False, sharey=True)[0]
    place = np.log1p(listeners)
    for panel, (axes, heard) in enumerate(zip(panels, artists, strict=True)):
        axes.spines[["top", "right"]].set_visible(False)
        for column, name in enumerate(names):
            own = weights[:, panel, column]
            axes.plot(place, own, marker="o", markersize=3, label=name)
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_xticks(place, [str(n) for n in listeners])
        axes.set(xlabel="listeners of the item in training")
        if not alone:
            axes.set_title(f"{heard} listeners of the artist's others", fontsize=9)
    panels[0].set_ylabel("weight of the part's z-score")
    panels[-1].legend(frameon=False, fontsize=8)
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
