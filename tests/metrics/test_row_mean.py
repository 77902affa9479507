import numpy as np
import pytest
import torch
from pytest import approx
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.evaluation.scores import score
from muso_exp.metrics.base import RowMean, WeightedMetric
from muso_exp.metrics.resampling import bootstrap_weights

VALUES = torch.tensor([1.0, 4.0, torch.nan, 7.0])
WEIGHTS = torch.tensor([[1.0, 1.0, 1.0, 1.0], [2.0, 0.0, 2.0, 0.0], [0.0, 0.0, 4.0, 0.0]]).double()


class Plain(RowMean):
    fields = ("value",)

    def rows(self, **columns: Tensor) -> Tensor:
        return columns["value"]


class Skipping(Plain):
    skips_undefined = True


class Squared(WeightedMetric):
    fields = ("value",)

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        return (weights @ columns["value"].double()) ** 2


def test_rows_without_a_value_are_left_out_or_make_the_mean_undefined() -> None:
    skipping = Skipping().score(WEIGHTS, value=VALUES).numpy()
    assert skipping == approx(np.array([4.0, 1.0, np.nan]), nan_ok=True)
    assert Plain().score(WEIGHTS, value=VALUES).isnan().all()
    assert Plain().score(WEIGHTS, value=VALUES.nan_to_num(2.0)).numpy() == approx([3.5, 1.5, 2.0])


def test_means_that_are_taken_at_once_are_those_taken_one_by_one() -> None:
    metrics = {"skipping": Skipping(), "squared": Squared(), "plain": Plain()}
    weights = bootstrap_weights(np.arange(4), 120, seed=3)
    together = score(MetricCollection(metrics, compute_groups=False), {"value": VALUES}, weights)
    assert list(together.values) == list(together.samples) == ["plain", "skipping", "squared"]
    for name, metric in metrics.items():
        alone = metric.score(weights, value=VALUES).numpy()
        assert together.samples[name].numpy() == approx(alone, nan_ok=True)
        own = float(metric.score(torch.ones(1, 4).double(), value=VALUES)[0])
        assert together.values[name] == approx(own, nan_ok=True)


def test_a_mean_of_rows_says_what_they_are() -> None:
    with pytest.raises(TypeError, match="abstract"):
        RowMean()
