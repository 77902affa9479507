"""Figures of clusters show what they are given."""

import numpy as np
from numpy.testing import assert_allclose
from scipy.cluster.hierarchy import linkage

from muso_exp.figures import clusters as plots

POINTS = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 0.0], [5.0, 1.0], [20.0, 0.0]])


def test_the_elbow_is_drawn_in_the_order_of_k_with_the_reported_values() -> None:
    wcss, silhouette = np.array([3.0, 9.0]), np.array([0.2, np.nan])
    null = np.array([4.5, 9.5])
    left, right = plots.elbow_figure([5, 2], wcss, null, [4.0, 8.0], silhouette, 5).axes
    measured, best_null, reported = left.lines[:3]
    assert_allclose(best_null.get_xydata(), [[2, 9.5], [5, 4.5]])
    assert_allclose(measured.get_xydata(), [[2, 9], [5, 3]])
    assert_allclose(reported.get_xydata(), [[2, 8], [5, 4]])
    assert left.lines[3].get_xdata()[0] == 5
    assert len(plots.elbow_figure([2, 5], wcss, null, [], silhouette, 5).axes[0].lines) == 3
    assert_allclose(right.lines[0].get_xydata(), [[2, np.nan], [5, 0.2]])


def test_a_map_shows_every_point_once_per_colouring() -> None:
    groups = {"a": (np.array([0, 0, 1, 1, 1]), ["x", "y"]), "b": (np.zeros(5, int), ["z"])}
    first, second = plots.maps_figure(POINTS, groups).axes
    assert [len(c.get_offsets()) for c in first.collections] == [2, 3]
    assert [len(c.get_offsets()) for c in second.collections] == [5]
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["x", "y"]


def test_twelve_groups_have_twelve_colours() -> None:
    labels = np.arange(12)
    figure = plots.maps_figure(np.zeros((12, 2)), {"k": (labels, [str(i) for i in labels])})
    colours = {tuple(c.get_facecolor()[0]) for c in figure.axes[0].collections}
    assert len(colours) == 12


def test_the_cut_of_a_tree_lies_between_the_merges_that_it_parts() -> None:
    tree = linkage(POINTS, "ward")
    axes = plots.tree_figure(tree, 4, 3).axes[0]
    (height,) = set(axes.lines[-1].get_ydata())
    assert tree[1, 2] < height < tree[2, 2]
    assert sum(int(text.get_text()) for text in axes.get_xticklabels()) == 5
    assert not plots.tree_figure(tree, 4, 1).axes[0].lines


def test_profiles_are_written_into_the_cells_without_a_negative_zero() -> None:
    axes = plots.profiles_figure(np.array([[1.24, -0.01]]), ["0 (3)"], ["a", "b"]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["1.2", "0.0"]


def test_shares_are_bars_of_each_kind() -> None:
    shares = {"one": np.array([0.1, 0.9]), "two": np.array([0.5, 0.25])}
    axes = plots.shares_figure(["a", "b"], shares, "share").axes[0]
    assert_allclose([bar.get_width() for bar in axes.patches], [0.1, 0.9, 0.5, 0.25])
    assert axes.texts[1].get_text() == "90.0%"
