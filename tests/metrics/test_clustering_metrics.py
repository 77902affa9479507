"""Metrics of clusters: by hand, and against scikit-learn."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from pytest import approx
from sklearn.metrics import calinski_harabasz_score, silhouette_score
from torch import Tensor

from muso_exp.metrics.clustering import (
    CalinskiHarabasz,
    ExplainedShare,
    ExplainedVariance,
    MeanSquaredDistance,
    RecommendedDistance,
    Silhouette,
    SumOfSquares,
    evenly_spaced,
    first_of_cluster,
)

X = torch.tensor([[0.0, 0.0], [0.0, 2.0], [10.0, 0.0], [10.0, 4.0]])
CLUSTER = torch.tensor([0, 0, 1, 1])
CENTRE = torch.tensor([[0.0, 1.0], [0.0, 1.0], [10.0, 2.0], [10.0, 2.0]])
SQUARED = torch.tensor([1.0, 1.0, 4.0, 4.0])
MEAN = np.array([5.0, 1.5])
ONE = torch.ones(1, 4, dtype=torch.float64)
FIRST_TWO = torch.tensor([[1.0, 1.0, 0.0, 0.0]], dtype=torch.float64)


def random_clusters(n_rows: int = 60) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    cluster = torch.randint(4, (n_rows,), generator=draw)
    return cluster, torch.randn(n_rows, 3, generator=draw) + cluster[:, None]


def test_the_sum_of_squares_weighs_each_row() -> None:
    columns = torch.stack([torch.zeros(4), SQUARED], dim=1)
    twice = torch.tensor([[2.0, 0.0, 1.0, 0.0]], dtype=torch.float64)
    assert SumOfSquares(1).score(ONE, curve_squared_distance=columns).item() == 10
    assert SumOfSquares(1).score(twice, curve_squared_distance=columns).item() == 2 * 1 + 4
    assert SumOfSquares(0).score(ONE, curve_squared_distance=columns).item() == 0


def test_the_mean_squared_distance_is_a_mean() -> None:
    assert MeanSquaredDistance().score(ONE, squared_distance=SQUARED).item() == 10 / 4


def test_explained_variance_is_one_less_what_the_centres_leave() -> None:
    total = 4 * 25 + 1.5**2 + 0.5**2 + 1.5**2 + 2.5**2
    value = ExplainedVariance(MEAN).score(ONE, squared_distance=SQUARED, target=X)
    assert value.item() == approx(1 - 10 / total)


def test_explained_share_counts_every_feature_alike() -> None:
    second = 1 - 10 / (1.5**2 + 0.5**2 + 1.5**2 + 2.5**2)
    value = ExplainedShare(MEAN).score(ONE, centre=CENTRE, target=X)
    assert value.item() == approx((1 + second) / 2)


def test_explained_share_does_not_depend_on_the_unit() -> None:
    unit = torch.tensor([1.0, 1000.0])
    metric = ExplainedShare(MEAN * unit.numpy())
    value = metric.score(ONE, centre=CENTRE * unit, target=X * unit)
    assert value.item() == approx(ExplainedShare(MEAN).score(ONE, centre=CENTRE, target=X).item())


def test_calinski_harabasz_is_scikit_learn_s_where_the_centres_are_the_means() -> None:
    cluster, x = random_clusters()
    rows = x.double()
    means = torch.stack([rows[cluster == c].mean(dim=0) for c in range(4)])
    squared = (rows - means[cluster]).square().sum(dim=1)
    metric = CalinskiHarabasz(rows.mean(dim=0).numpy())
    value = metric.score(
        torch.ones(1, 60, dtype=torch.float64), cluster=cluster, squared_distance=squared, target=x
    )
    assert value.item() == approx(calinski_harabasz_score(x.numpy(), cluster.numpy()), rel=1e-5)


def test_calinski_harabasz_of_one_cluster_is_undefined() -> None:
    metric = CalinskiHarabasz(MEAN)
    value = metric.score(ONE, cluster=torch.zeros(4), squared_distance=SQUARED, target=X)
    assert value.isnan().all()


@pytest.mark.parametrize("spread", [None, [1.0, 2.0, 0.5]])
def test_the_silhouette_of_all_rows_is_scikit_learn_s(spread: list[float] | None) -> None:
    cluster, x = random_clusters()
    unit = np.ones(3) if spread is None else np.array(spread)
    metric = Silhouette(1000, None if spread is None else unit)
    value = metric.score(torch.ones(1, 60, dtype=torch.float64), cluster=cluster, target=x)
    assert value.item() == approx(silhouette_score(x.numpy() / unit, cluster.numpy()), rel=1e-5)


def test_the_silhouette_of_a_sample_is_that_of_its_rows_alone() -> None:
    cluster, x = random_clusters()
    rows = evenly_spaced(60, 20)
    value = Silhouette(20).score(torch.ones(1, 60, dtype=torch.float64), cluster=cluster, target=x)
    expected = silhouette_score(x[rows].numpy(), cluster[rows].numpy())
    assert value.item() == approx(expected, rel=1e-5)


def test_one_cluster_has_no_silhouette() -> None:
    value = Silhouette(10).score(ONE, cluster=torch.zeros(4, dtype=torch.long), target=X)
    assert value.isnan().all()


def test_the_kept_values_are_not_those_of_other_columns() -> None:
    metric = RecommendedDistance(np.ones(2), 1)
    assert metric.score(ONE, cluster=CLUSTER, target=X).item() == (2 + 2 + 4 + 4) / 4
    assert metric.score(FIRST_TWO, cluster=CLUSTER, target=X).item() == 2
    other = torch.tensor([0, 1, 0, 1])
    assert metric.score(ONE, cluster=other, target=X).item() == approx(
        (10 + 10 + 2 * np.hypot(10, 2)) / 4
    )


def test_the_recommended_rows_are_the_first_of_the_cluster_in_units_of_spread() -> None:
    metric = RecommendedDistance(np.array([10.0, 2.0]), 2)
    cluster = torch.tensor([0, 0, 0, 1])
    first = (1 + 1) / 2
    second = (1 + np.hypot(1, 1)) / 2
    third = (1 + np.hypot(1, 1)) / 2
    value = metric.score(ONE, cluster=cluster, target=X)  # the fourth is alone
    assert value.item() == approx((first + second + third) / 3)


def test_nobody_is_recommended_himself() -> None:
    listed = first_of_cluster(np.array([0, 1, 0, 0, 0]), 2)
    assert_array_equal(listed, [[2, 3], [-1, -1], [0, 3], [0, 2], [0, 2]])


def test_a_sample_is_evenly_spaced_and_never_larger_than_the_rows() -> None:
    assert_array_equal(evenly_spaced(9, 3), [0, 4, 8])
    assert_array_equal(evenly_spaced(3, 9), [0, 1, 2])
    assert len(evenly_spaced(3, 0)) == 0
