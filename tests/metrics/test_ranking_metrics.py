import numpy as np
import pytest
import torch
from pytest import approx
from scipy.sparse import csr_matrix
from torchmetrics import MetricCollection

from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.ranking import (
    Coverage,
    IntraListDiversity,
    Novelty,
    PopularityBias,
    UserMean,
    list_metrics,
    long_lists,
    ranking_metrics,
)

LISTENERS = np.array([8, 4, 2, 1])
VECTORS = csr_matrix(np.array([[1.0, 0], [2, 0], [0, 3], [0, 0]]))


def value(metric: WeightedMetric, **columns: object) -> float:
    metric.update(**{name: torch.tensor(column) for name, column in columns.items()})
    return float(metric.compute())


def test_a_user_mean_is_the_mean_over_users() -> None:
    assert value(UserMean("auc"), auc=[0.5, 1.0, 0.75]) == approx(9 / 12)


def test_a_user_without_a_defined_value_shows() -> None:
    assert np.isnan(value(UserMean("auc"), auc=[0.5, float("nan")]))


def test_fewer_clicks_are_better() -> None:
    assert ranking_metrics([5])["clicks"].higher_is_better is False
    assert UserMean("auc").higher_is_better


def test_a_user_s_column_stays_within_the_bounds_of_its_formula() -> None:
    metrics = ranking_metrics([5])
    assert metrics["clicks"].bounds == (0, 51)
    assert {metric.bounds for name, metric in metrics.items() if name != "clicks"} == {(0, 1)}


def test_a_list_of_most_candidates_describes_where_only_its_members_count() -> None:
    metrics = ranking_metrics([5, 10], n_candidates=11)
    shares = ("recall", "capped_recall", "precision", "hit_rate")
    members = {*(f"{name}_at_10" for name in shares), "clicks"}  # of pages of 10
    assert {name for name, own in metrics.items() if own.higher_is_better is None} == members
    assert set(long_lists([5, 10], 11)) == members
    assert long_lists([5, 10], 20) == []  # half of them
    assert long_lists([5, 10], 19) == [n for n in ranking_metrics([5, 10]) if n in members]


def test_novelty_is_in_bits() -> None:
    assert value(Novelty(LISTENERS, 8), top=[[0, 1], [2, 3]]) == approx((0 + 1 + 2 + 3) / 4)


def test_an_item_that_nobody_heard_is_as_novel_as_one_heard_once() -> None:
    assert value(Novelty(np.array([0, 4]), 8), top=[[0]]) == 3


def test_popularity_bias_is_the_mean_percentile() -> None:
    bias = PopularityBias(LISTENERS)
    assert value(bias, top=[[0]]) == approx(7 / 8)
    assert value(PopularityBias(LISTENERS), top=[[0, 1, 2, 3]]) == approx(1 / 2)
    assert value(PopularityBias(np.array([5, 5, 5])), top=[[0], [1]]) == approx(1 / 2)


def test_coverage_is_the_share_of_items_in_any_list() -> None:
    assert value(Coverage(4), top=[[0, 1], [1, 0], [1, 3]]) == approx(3 / 4)


def test_coverage_of_a_resample_leaves_out_users_not_drawn() -> None:
    top = torch.tensor([[0, 1], [2, 3]])
    weights = torch.tensor([[2.0, 0], [1, 1]], dtype=torch.float64)
    assert Coverage(4).score(weights, top=top).tolist() == [1 / 2, 1]


def test_diversity_is_one_less_the_mean_cosine_of_pairs() -> None:
    assert value(IntraListDiversity(VECTORS), top=[[0, 1]]) == approx(0)
    assert value(IntraListDiversity(VECTORS), top=[[0, 2]]) == approx(1)
    assert value(IntraListDiversity(VECTORS), top=[[0, 1, 2]]) == approx(2 / 3)


def test_items_without_a_vector_are_in_no_pair() -> None:
    assert value(IntraListDiversity(VECTORS), top=[[0, 2, 3]]) == approx(1)
    assert value(IntraListDiversity(VECTORS), top=[[0, 1], [0, 3]]) == approx(0)


def test_diversity_equals_the_mean_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.random((30, 7))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    top = np.stack([rng.permutation(30)[:6] for _ in range(9)])
    pairs = [(i, j) for i in range(6) for j in range(i)]
    expected = np.mean([1 - units[own[i]] @ units[own[j]] for own in top for i, j in pairs])
    assert value(IntraListDiversity(csr_matrix(vectors)), top=top) == approx(expected)


@pytest.mark.parametrize("name", ["novelty", "popularity_bias", "coverage", "intra_list_diversity"])
def test_a_short_list_counts_the_items_it_has(name: str) -> None:
    long, short = (list_metrics(LISTENERS, 8, VECTORS)[name] for _ in range(2))
    assert value(long, top=[[0, 2]]) == approx(value(short, top=[[0, 2, -1, -1]]))


def test_copies_share_the_vectors() -> None:
    metric = IntraListDiversity(VECTORS)
    assert metric.clone().vectors is metric.vectors


def test_metrics_are_named_by_their_cutoffs() -> None:
    metrics = ranking_metrics([10, 500])
    assert {"auc", "clicks", "map_at_500", "ndcg_at_10", "recall_at_10"} <= set(metrics)
    assert "intra_list_diversity" not in list_metrics(LISTENERS, 8)


def test_a_collection_keeps_every_metric_apart() -> None:
    collection = MetricCollection({**ranking_metrics([2]), **list_metrics(LISTENERS, 8, VECTORS)})
    columns = ("auc", "r_precision", "clicks")
    values = {name: torch.tensor([float(i)]) for i, name in enumerate(columns)}
    per_cutoff = ("ap", "ndcg", "recall", "capped_recall", "precision", "hit_rate")
    values |= {f"{name}_at_2": torch.tensor([10.0 + i]) for i, name in enumerate(per_cutoff)}
    for _ in range(2):
        collection.update(**values, top=torch.tensor([[0, 2]]), target=torch.zeros(1))
    result = collection.compute()
    assert [float(result[name]) for name in columns] == [0, 1, 2]
    assert float(result["map_at_2"]) == 10
    assert float(result["hit_rate_at_2"]) == 15
    assert float(result["coverage"]) == 1 / 2
