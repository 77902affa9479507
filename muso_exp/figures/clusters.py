"""Figures of clusters: arrays in, matplotlib Figure out; no pyplot, no global state."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from muso_exp.figures.common import BLUE, GREY, ORANGE

_COLOURS = matplotlib.colormaps["tab20"]


def elbow_figure(
    ks: Sequence[int],
    wcss: np.ndarray,
    null: np.ndarray,
    reported: Sequence[float],
    silhouette: np.ndarray,
    chosen: int,
) -> Figure:
    """Draw the within-cluster sum of squares and the silhouette over the number of clusters.

    Args:
        ks: numbers of clusters.
        wcss: of the train rows, shape (n_ks,).
        null: the same of the best null model, shape (n_ks,).
        reported: the paper's, for each of `ks`; empty where there is none.
        silhouette: of test rows, shape (n_ks,); NaN where it is undefined.
        chosen: the number that is used.
    """
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    order = np.argsort(ks)
    x = np.asarray(ks)[order]
    left.plot(x, wcss[order], "o-", color=BLUE, label="measured")
    left.plot(x, null[order], ".:", color=GREY, label="best null model")
    if len(reported):
        left.plot(
            x, np.asarray(reported)[order], "x", color=ORANGE, label="the paper's code",
            markersize=10, markeredgewidth=2,
        )  # fmt: skip
    left.set(ylabel="within-cluster sum of squares, train", ylim=(0, None))
    right.plot(x, silhouette[order], "o-", color=BLUE, label="measured")
    right.set(ylabel="silhouette, sample of test")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.axvline(chosen, color=GREY, linestyle="--", linewidth=1, label=f"k = {chosen}")
        axes.set_xlabel("number of clusters k")
        axes.legend(frameon=False)
    return figure


def maps_figure(
    points: np.ndarray, groups: Mapping[str, tuple[np.ndarray, Sequence[str]]]
) -> Figure:
    """Draw the same points (n, 2) once for each way to colour them.

    Args:
        points: places on the map; the axes have no unit.
        groups: title -> number of each point's group (n,), and the groups' names.
    """
    figure = Figure(figsize=(5.4 * len(groups), 4.8), layout="constrained")
    for axes, (title, (labels, names)) in zip(
        figure.subplots(1, len(groups), squeeze=False)[0], groups.items(), strict=True
    ):
        for number, name in enumerate(names):
            own = points[labels == number]
            colour = _colour(number, len(names))
            axes.scatter(
                own[:, 0], own[:, 1], s=4, color=colour, linewidths=0, alpha=0.7, label=name
            )
        axes.set(title=title, xticks=[], yticks=[])
        axes.legend(
            frameon=False, fontsize=7, markerscale=3, loc="center left", bbox_to_anchor=(1, 0.5),
            handletextpad=0.2, ncols=1 + (len(names) > 16),
        )  # fmt: skip
    return figure


def tree_figure(tree: np.ndarray, n_leaves: int, n_clusters: int) -> Figure:
    """Draw the top of a tree of merges, leaves by their number of rows, and where it is cut.

    Args:
        tree: as scipy has it, shape (n_rows - 1, 4).
        n_leaves: branches to show.
        n_clusters: the dashed line cuts the tree into so many.
    """
    shown = dendrogram(tree, p=n_leaves, truncate_mode="lastp", no_plot=True)
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    lines = [
        np.column_stack(corners) for corners in zip(shown["icoord"], shown["dcoord"], strict=True)
    ]
    axes.add_collection(LineCollection(lines, colors=BLUE, linewidths=1.2))
    names = [name.strip("()") if name.startswith("(") else "1" for name in shown["ivl"]]
    axes.set_xticks(5 + 10 * np.arange(len(names)), names, rotation=90, fontsize=7)
    axes.set(
        xlim=(0, 10 * len(names)), ylim=(0, 1.05 * tree[-1, 2]), xlabel="tracks in the branch",
        ylabel="distance of the merged clusters (Ward)",
    )  # fmt: skip
    if 1 < n_clusters <= len(tree):
        height = tree[-n_clusters + 1 : len(tree) - n_clusters + 2, 2].min()
        cut = (height + tree[-n_clusters, 2]) / 2
        axes.axhline(cut, color=ORANGE, linestyle="--", linewidth=1, label=f"{n_clusters} clusters")
        axes.legend(frameon=False)
    return figure


def profiles_figure(profiles: np.ndarray, names: Sequence[str], features: Sequence[str]) -> Figure:
    """Draw the mean of each feature in each cluster as a heat map.

    Args:
        profiles: in standard deviations from the mean of all, shape (n_clusters, n_features).
        names: of the clusters.
        features: names of the features.
    """
    figure = Figure(
        figsize=(1.6 + 0.72 * len(features), 1.4 + 0.3 * len(names)), layout="constrained"
    )
    axes = figure.add_subplot()
    image = axes.imshow(profiles, cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto")
    figure.colorbar(image, ax=axes, label="standard deviations from the mean", extend="both")
    axes.set_xticks(range(len(features)), list(features), rotation=40, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), list(names), fontsize=8)
    for (row, column), value in np.ndenumerate(profiles):
        colour = "white" if abs(value) > 1.3 else "black"
        axes.text(column, row, f"{value:z.1f}", ha="center", va="center", fontsize=7, color=colour)
    return figure


def shares_figure(labels: Sequence[str], shares: Mapping[str, np.ndarray], xlabel: str) -> Figure:
    """Draw a group of horizontal bars per label, one of each kind; first label on top.

    Args:
        labels: one per group.
        shares: kind -> lengths (n_labels,).
        xlabel: what is measured, with its unit.
    """
    figure = Figure(figsize=(7.0, 1.2 + 0.36 * len(labels)), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    height = 0.8 / len(shares)
    places = np.arange(len(labels))
    for number, (kind, values) in enumerate(shares.items()):
        middle = places + (number - (len(shares) - 1) / 2) * height
        bars = axes.barh(middle, values, height, color=(BLUE, ORANGE, GREY)[number], label=kind)
        axes.bar_label(bars, [f"{value:.1%}" for value in values], fontsize=7, padding=2)
    axes.set_yticks(places, list(labels), fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel=xlabel, xlim=(0, 1.12 * max(1e-9, max(v.max() for v in shares.values()))))
    axes.legend(frameon=False, loc="lower right")
    return figure


def _colour(number: int, n_groups: int) -> tuple[float, ...]:
    """Return a colour; those of few groups differ most."""
    if n_groups <= 10:
        return matplotlib.colormaps["tab10"](number)
    return _COLOURS((2 * number + number // 10) % 20)  # the ten strong ones first, then the pale
