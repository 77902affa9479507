import numpy as np
import pytest
import torch
from pytest import approx
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn.functional import one_hot

from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.friend_distance import (
    AccuracyWithin,
    ExactAccuracy,
    FriendAUC,
    MeanAbsoluteError,
    SpearmanCorrelation,
    expected_dos,
)

METRICS = [
    ExactAccuracy(),
    AccuracyWithin(3, inclusive=False),
    AccuracyWithin(3, inclusive=True),
    MeanAbsoluteError(),
    SpearmanCorrelation(),
    FriendAUC(),
]


def decided(classes: list[int], n_classes: int) -> Tensor:
    return one_hot(torch.tensor(classes), n_classes).float()


def value(metric: WeightedMetric, **columns: Tensor) -> float:
    metric = metric.clone()
    metric.update(**columns)
    return float(metric.compute())


def random_columns(n_rows: int, n_classes: int = 6, seed: int = 0) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    target = torch.randint(n_classes, (n_rows,), generator=draw)
    guess = torch.randint(n_classes, (n_rows,), generator=draw)
    friend = torch.randint(5, (n_rows,), generator=draw) / 4  # with ties
    return {"strategy": one_hot(guess, n_classes).float(), "target": target, "friend": friend}


def test_one_exact_decision_of_four_is_a_quarter() -> None:
    columns = {"strategy": decided([0, 1, 2, 3], 8), "target": torch.tensor([0, 3, 5, 6])}
    assert value(ExactAccuracy(), **columns) == approx(1 / 4)


def test_the_text_leaves_out_distance_three_and_the_code_counts_it() -> None:
    columns = {"strategy": decided([0, 1, 2, 3], 8), "target": torch.tensor([0, 3, 5, 7])}
    assert value(AccuracyWithin(3, inclusive=False), **columns) == approx(2 / 4)
    assert value(AccuracyWithin(3, inclusive=True), **columns) == approx(3 / 4)


def test_mean_absolute_error_is_in_degrees() -> None:
    columns = {"strategy": decided([0, 1, 2], 4), "target": torch.tensor([3, 1, 1])}
    assert value(MeanAbsoluteError(), **columns) == approx((3 + 0 + 1) / 3)
    assert not MeanAbsoluteError.higher_is_better


def test_a_random_guesser_scores_its_exact_expectation() -> None:
    guess = torch.tensor([[1 / 2, 1 / 4, 1 / 4, 0]]).repeat(2, 1)
    columns = {"strategy": guess, "target": torch.tensor([0, 3])}
    assert value(ExactAccuracy(), **columns) == approx((1 / 2 + 0) / 2)
    assert value(AccuracyWithin(1, inclusive=True), **columns) == approx((3 / 4 + 1 / 4) / 2)
    assert value(MeanAbsoluteError(), **columns) == approx(
        ((1 / 4 + 2 / 4) + (3 / 2 + 2 / 4 + 1 / 4)) / 2
    )


def test_a_uniform_guess_hits_by_the_number_of_near_classes() -> None:
    columns = {"strategy": torch.full((3, 5), 1 / 5), "target": torch.tensor([0, 2, 4])}
    assert value(ExactAccuracy(), **columns) == approx(1 / 5)
    assert value(AccuracyWithin(2, inclusive=False), **columns) == approx((2 + 3 + 2) / 15)
    assert value(AccuracyWithin(2, inclusive=True), **columns) == approx((3 + 5 + 3) / 15)
    assert value(MeanAbsoluteError(), **columns) == approx((10 + 6 + 10) / 15)


def test_expected_dos_counts_from_one() -> None:
    strategy = torch.tensor([[1, 0, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3]])
    assert expected_dos(strategy).tolist() == [1, 3, 2]


def test_equal_guesses_are_ties_even_in_single_precision() -> None:
    strategy = torch.softmax(torch.randn(1, 41, generator=torch.Generator().manual_seed(0)), 1)
    assert len(expected_dos(strategy.repeat(1001, 1)).unique()) == 1


def test_spearman_by_hand_without_ties() -> None:
    columns = {"strategy": decided([0, 2, 1, 3], 4), "target": torch.tensor([0, 1, 2, 3])}
    assert value(SpearmanCorrelation(), **columns) == approx(1 - 6 * 2 / (4 * (16 - 1)))


def test_a_constant_prediction_ranks_nothing_and_scores_zero() -> None:
    columns = {"strategy": decided([2, 2, 2], 4), "target": torch.tensor([0, 1, 2])}
    assert value(SpearmanCorrelation(), **columns) == 0.0


def test_spearman_is_undefined_where_all_pairs_have_one_distance() -> None:
    columns = {"strategy": decided([0, 1, 2], 4), "target": torch.tensor([1, 1, 1])}
    assert np.isnan(value(SpearmanCorrelation(), **columns))


def test_friend_auc_by_hand_with_a_tie_counts_half() -> None:
    columns = {"friend": torch.tensor([0.9, 0.5, 0.5, 0.1]), "target": torch.tensor([0, 0, 4, 1])}
    assert value(FriendAUC(), **columns) == approx((1 + 1 + 1 / 2 + 1) / 4)


def test_a_resample_without_friends_or_without_others_has_no_auc() -> None:
    columns = {"friend": torch.tensor([0.9, 0.5]), "target": torch.tensor([0, 1])}
    weights = torch.tensor([[1, 1], [2, 0], [0, 2]], dtype=torch.float64)
    scores = FriendAUC().score(weights, **columns)
    assert scores[0] == 1.0
    assert scores[1:].isnan().all()


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: type(m).__name__)
def test_an_empty_resample_is_undefined(metric: WeightedMetric) -> None:
    weights = torch.zeros(1, 4, dtype=torch.float64)
    assert metric.score(weights, **random_columns(4)).isnan().all()


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: type(m).__name__)
def test_a_nan_column_is_not_scored_as_if_it_were_a_number(metric: WeightedMetric) -> None:
    columns = random_columns(4)
    columns["strategy"][1], columns["friend"][1] = torch.nan, torch.nan
    assert np.isnan(value(metric, **columns))


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: type(m).__name__)
def test_integer_weights_equal_replicated_rows(metric: WeightedMetric) -> None:
    columns = random_columns(60)
    weights = torch.randint(4, (5, 60), generator=torch.Generator().manual_seed(1)).double()
    for score, row in zip(metric.score(weights, **columns), weights, strict=True):
        replicated = {k: v.repeat_interleave(row.long(), dim=0) for k, v in columns.items()}
        assert float(score) == approx(value(metric, **replicated), abs=1e-12)


def test_weighted_spearman_equals_scipy_on_replicated_rows() -> None:
    columns = random_columns(80)
    weights = torch.randint(3, (4, 80), generator=torch.Generator().manual_seed(2)).double()
    preds = columns["strategy"].argmax(dim=1)
    for score, row in zip(SpearmanCorrelation().score(weights, **columns), weights, strict=True):
        times = row.long().numpy()
        expected = spearmanr(preds.numpy().repeat(times), columns["target"].numpy().repeat(times))
        assert float(score) == approx(expected.statistic)


def test_weighted_auc_equals_sklearn_with_sample_weights() -> None:
    columns = random_columns(80)
    weights = torch.randint(3, (4, 80), generator=torch.Generator().manual_seed(3)).double()
    for score, row in zip(FriendAUC().score(weights, **columns), weights, strict=True):
        expected = roc_auc_score(columns["target"] == 0, columns["friend"], sample_weight=row)
        assert float(score) == approx(expected)


def test_resamples_together_give_the_same_as_one_by_one() -> None:
    columns = random_columns(50)
    weights = torch.randint(3, (7, 50), generator=torch.Generator().manual_seed(4)).double()
    whole = SpearmanCorrelation().score(weights, **columns)
    alone = [SpearmanCorrelation().score(row[None], **columns) for row in weights]
    assert torch.cat(alone).equal(whole)


def test_batches_are_scored_as_one_set() -> None:
    columns = random_columns(30)
    metric = SpearmanCorrelation()
    for rows in torch.arange(30).split(7):
        metric.update(**{name: column[rows] for name, column in columns.items()})
    assert float(metric.compute()) == approx(value(SpearmanCorrelation(), **columns))


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"limit must be >= 0 degrees, got -1"):
        AccuracyWithin(-1, inclusive=True)
