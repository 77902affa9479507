import math

import numpy as np
import torch
from pytest import approx
from sklearn.metrics import mean_squared_error, r2_score

from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.regression import R2, Cosine, MeanSquaredError, OutputAccuracy


def value(metric: WeightedMetric, preds: object, target: object) -> float:
    metric.update(preds=torch.tensor(preds), target=torch.tensor(target))
    return float(metric.compute())


def test_squared_error_is_the_mean_over_rows_and_outputs() -> None:
    preds, target = [[1.0, 0.0], [3.0, 0.0]], [[0.0, 0.0], [1.0, 2.0]]
    assert value(MeanSquaredError(), preds, target) == approx(((1 + 4) / 2 + (0 + 4) / 2) / 2)


def test_each_output_has_its_own_squared_error() -> None:
    preds = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    target = torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    errors = MeanSquaredError().per_output(
        torch.ones(1, 2, dtype=torch.double), preds=preds, target=target
    )
    assert errors.tolist() == [[5 / 2, 4 / 2]]


def test_the_constant_explains_nothing_and_the_truth_all() -> None:
    target = [[1.0, -2.0], [-1.0, 2.0]]
    assert value(R2(), [[0.0, 0.0], [0.0, 0.0]], target) == approx(0)
    assert value(R2(), target, target) == approx(1)


def test_r2_is_measured_from_the_given_constant() -> None:
    assert value(R2(torch.tensor([1.0])), [[2.0], [2.0]], [[3.0], [2.0]]) == approx(1 - 1 / 5)


def test_r2_leaves_out_an_output_that_never_leaves_the_constant() -> None:
    target = [[1.0, 0.0], [-1.0, 0.0]]
    assert value(R2(), [[1.0, 5.0], [0.0, 5.0]], target) == approx(1 - 1 / 2)


def test_r2_counts_an_output_of_little_spread_as_much_as_any() -> None:
    target = [[4.0, 1.0], [-4.0, -1.0]]
    preds = [[4.0, -1.0], [-4.0, 1.0]]
    assert value(MeanSquaredError(), preds, target) == approx(4 / 2)  # a constant 0: 17 / 2
    assert value(R2(), preds, target) == approx((1 + 1 - 4 / 1) / 2)


def test_r2_of_constants_only_is_not_a_number() -> None:
    assert math.isnan(value(R2(), [[1.0]], [[0.0]]))


def test_cosine_is_1_along_0_across_and_0_without_a_direction() -> None:
    preds = [[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    assert value(Cosine(), preds, [[1.0, 0.0]] * 3) == approx((1 + 0 + 0) / 3)


def test_accuracy_of_an_output_counts_the_right_sides() -> None:
    preds, target = [[0.0, 0.4], [0.0, 0.6], [0.0, 0.9]], [[9.0, 0.0], [9.0, 0.0], [9.0, 1.0]]
    assert value(OutputAccuracy(1, 0.5), preds, target) == approx(2 / 3)


def test_a_prediction_that_is_no_number_is_never_scored() -> None:
    preds, target = [[math.nan]], [[1.0]]
    for metric in (MeanSquaredError(), R2(), Cosine(), OutputAccuracy(0, 0.5)):
        assert math.isnan(value(metric, preds, target))


def test_the_values_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    target, preds = rng.normal(size=(2, 40, 3))
    mean = torch.from_numpy(target.mean(axis=0))
    assert value(MeanSquaredError(), preds, target) == approx(mean_squared_error(target, preds))
    assert value(R2(mean), preds, target) == approx(r2_score(target, preds))


def test_weights_are_repetitions_of_rows() -> None:
    rng = np.random.default_rng(1)
    preds, target = torch.from_numpy(rng.normal(size=(2, 5, 3)))
    counts = torch.tensor([0, 3, 1, 1, 0])
    for metric in (MeanSquaredError(), R2(), Cosine(), OutputAccuracy(2, 0.1)):
        weighted = metric.score(counts[None].double(), preds=preds, target=target)
        repeated = {
            "preds": preds.repeat_interleave(counts, dim=0),
            "target": target.repeat_interleave(counts, dim=0),
        }
        plain = metric.score(torch.ones(1, 5, dtype=torch.double), **repeated)
        assert float(weighted) == approx(float(plain))
