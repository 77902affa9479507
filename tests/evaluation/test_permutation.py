"""Permutation tests: by hand, and by another road to the same numbers."""

import math

import numpy as np
import pytest
import torch
from pytest import approx
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.evaluation.permutation import permutation_p, permuted_differences
from muso_exp.metrics.base import RowMean, WeightedMetric, weighted_mean


class Mean(RowMean):
    fields = ("preds",)

    def rows(self, **columns: Tensor) -> Tensor:
        return columns["preds"]


class SameMean(WeightedMetric):
    """The same formula, which no product with the weights computes at once."""

    fields = ("preds",)

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        return weighted_mean(columns["preds"], weights)


METRICS = MetricCollection({"mean": Mean(), "same": SameMean()}, compute_groups=False)


def test_all_rows_of_a_unit_are_exchanged_together() -> None:
    one, other = torch.tensor([1.0, 1.0, 4.0]), torch.zeros(3)
    units = np.array(["a", "a", "b"])
    found = permuted_differences(METRICS, {"preds": one}, {"preds": other}, units, 200)
    assert found["mean"][0] == approx((1 + 1 + 4) / 3)
    # a and b keep theirs, or exchange them: (2 + 4) / 3, (-2 + 4) / 3, and both below 0
    values = sorted({round(value, 9) for value in found["mean"][1:].tolist()})
    assert values == approx([-2, -2 / 3, 2 / 3, 2])
    torch.testing.assert_close(found["mean"], found["same"])
    assert permutation_p(found["mean"]) == approx(0.5, abs=0.1)


def test_the_p_value_counts_the_difference_that_was_measured() -> None:
    rng = np.random.default_rng(0)
    other = torch.from_numpy(rng.normal(size=40))
    units = np.arange(40)
    found = permuted_differences(METRICS, {"preds": other + 1}, {"preds": other}, units, 999)
    assert permutation_p(found["mean"]) == 1 / 1000
    assert permutation_p(torch.tensor([1.0, -1.0, 0.5, math.nan])) == approx(2 / 3)
    assert math.isnan(permutation_p(torch.tensor([math.nan, 1.0])))


def test_where_nothing_sets_two_apart_p_is_even() -> None:
    rng = np.random.default_rng(1)
    low = 0
    for _ in range(200):
        pair = [{"preds": torch.from_numpy(rng.normal(size=20))} for _ in range(2)]
        found = permuted_differences(METRICS, *pair, np.arange(20), 99)
        low += permutation_p(found["mean"]) <= 0.1
    assert 8 <= low <= 34  # 20 +- 3.3 standard deviations


def test_pairs_of_users_are_refused() -> None:
    rows = {"preds": torch.zeros(2)}
    with pytest.raises(ConfigError, match="rests on several units"):
        permuted_differences(METRICS, rows, rows, np.array([[0, 1], [1, 2]]), 9)
