"""Clusterings without learning: pitch classes, and the cells of a grid."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from muso_exp.features.clusters import kmeans
from muso_exp.tasks.clustering.baselines import grid_cells, null_columns, null_curves, null_groups


def squares_left(x: np.ndarray, group: np.ndarray) -> float:
    return sum(float(((x[group == g] - x[group == g].mean(0)) ** 2).sum()) for g in set(group))


def songs(n: int = 400, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    loudness = -rng.gamma(2, 3, n)
    return np.column_stack([rng.integers(0, 12, n), loudness, rng.random(n), loudness / 20])


def test_null_groups_are_no_more_than_the_clusters() -> None:
    features = ["key", "loudness", "valence", "energy"]
    for k in (1, 2, 3, 5, 13, 29):
        for name, group in null_groups(songs(), features, k, 0).items():
            labels = group(songs(seed=1))
            assert 0 <= labels.min() and labels.max() < k, (name, k)


def test_by_key_puts_neighbouring_pitch_classes_together() -> None:
    train = np.column_stack([np.repeat(np.arange(12), 5), np.arange(60)]).astype(float)
    group = null_groups(train, ["key", "loudness"], 4, 0)["by_key"]
    assert_array_equal(group(np.array([[0.0, 0], [2, 0], [3, 0], [11, 0]])), [0, 0, 1, 3])


def test_the_grid_halves_the_two_features_that_tell_most() -> None:
    corners = itertools.product((0.0, 0.1), (0.0, 50.0), (0.0, 9.0))
    train = np.array(list(corners) * 5)
    grid = grid_cells(train, 4)
    assert grid.columns == (1, 2)
    assert_array_equal(grid(np.array([[5.0, 0, 0], [5, 0, 9], [5, 50, 0], [5, 50, 9]])), range(4))


def test_of_features_of_one_width_the_grid_takes_the_one_that_others_follow() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(500, 1)) + rng.normal(size=(500, 3)) / 9
    train = np.column_stack([rng.normal(size=500), shared])
    assert grid_cells(train / train.std(axis=0), 6).columns[0] in (1, 2, 3)


def test_the_cuts_are_placed_to_least_squares_where_that_is_closer() -> None:
    train = np.array([[0.0], [0], [0], [1], [1], [10]])
    cells = grid_cells(train, 3)  # even cuts, at 10 / 3 and 20 / 3, leave 0 and 1 together
    assert squares_left(train, cells(train)) == 0


@pytest.mark.parametrize("k", [2, 3, 6, 13, 29])
def test_no_even_grid_of_key_and_loudness_is_closer_and_kmeans_is_as_close(k: int) -> None:
    x = songs()
    found = squares_left(x, grid_cells(x, k)(x))
    for first, second in itertools.product(range(1, k + 1), repeat=2):
        if first * second <= k:
            cells = []
            for column, n in ((0, first), (1, second)):
                low, high = np.quantile(x[:, column], (0.01, 0.99))
                cells.append(np.digitize(x[:, column], low + (high - low) * np.arange(1, n) / n))
            assert found <= squares_left(x, cells[0] * k + cells[1]) + 1e-6
    assert kmeans(x, k, n_init=20).inertia <= found * 1.001 + 1e-6


def test_one_feature_is_a_grid_too() -> None:
    assert set(grid_cells(np.arange(8.0)[:, None], 4)(np.arange(8.0)[:, None])) == {0, 1, 2, 3}


def test_null_distances_are_to_the_train_mean_of_the_group() -> None:
    train = np.array([[0.0, 0.0], [0.0, 2.0], [11.0, 4.0]])
    rows = np.array([[0.0, 3.0], [11.0, 4.0]])
    columns = null_columns(train, rows, ["key", "loudness"], 2, 0)["by_key"]
    assert_array_equal(columns["cluster"], [0, 1])
    assert_array_equal(columns["centre"], [[0, 1], [11, 4]])
    assert_array_equal(columns["squared_distance"], [4, 0])


def test_null_curves_have_a_column_for_each_number_of_clusters() -> None:
    train = np.array([[0.0, 0.0], [0.0, 2.0], [11.0, 4.0]])
    curve = null_curves(train, ["key", "loudness"], [1, 2], 0)["by_key"]["curve_squared_distance"]
    mean = train.mean(axis=0)
    assert_allclose(curve[:, 0], ((train - mean) ** 2).sum(axis=1))
    assert_array_equal(curve[:, 1], [1, 1, 0])
