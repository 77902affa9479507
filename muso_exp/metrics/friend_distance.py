"""Metrics of the degree-of-separation (DOS) task; class index = DOS - 1.

All read `strategy` (n_rows, n_classes), the probability with which each class is decided, so that
the score of a random guesser is its exact expectation. A NaN in a column makes the value NaN.
"""

import math
from typing import Any

import torch
from torch import Tensor

from muso_exp.metrics.base import RowMean, WeightedMetric
from muso_exp.metrics.ranks import weighted_auc, weighted_spearman


class ExactAccuracy(RowMean):
    """Probability that the decided DOS is the true one."""

    bounds = (0.0, 1.0)
    fields = ("strategy", "target")

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the probability of the true DOS of each row, shape (n_rows,)."""
        return _sum_near(columns, limit=0, inclusive=True)


class AccuracyWithin(RowMean):
    """Probability that the decided DOS is near the true one.

    Args:
        limit: distance in degrees, >= 0.
        inclusive: count |d| <= limit (the document's code) or |d| < limit (its text).
        **kwargs: of `torchmetrics.Metric`.

    Raises:
        ValueError: `limit` is negative.
    """

    bounds = (0.0, 1.0)
    fields = ("strategy", "target")

    def __init__(self, limit: int, inclusive: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if limit < 0:
            raise ValueError(f"limit must be >= 0 degrees, got {limit}")
        self.limit = limit
        self.inclusive = inclusive

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the probability of a near DOS of each row, shape (n_rows,)."""
        return _sum_near(columns, self.limit, self.inclusive)


class MeanAbsoluteError(RowMean):
    """Expected distance of the decided DOS from the true one, in degrees."""

    bounds = (0.0, math.inf)
    fields = ("strategy", "target")
    higher_is_better = False

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the expected distance of each row, shape (n_rows,)."""
        return (columns["strategy"].double() * _distance(columns)).sum(dim=1)


class SpearmanCorrelation(WeightedMetric):
    """Spearman correlation of the expected decided DOS with the true one.

    Ranks are mid-ranks under the weights. A prediction that is the same for all rows ranks
    nothing: it scores 0 by definition. Rows of one true DOS leave the value undefined: NaN.
    """

    bounds = (-1.0, 1.0)
    fields = ("strategy", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the correlation under each row of weights, shape (n_resamples,)."""
        preds = expected_dos(columns["strategy"])
        return weighted_spearman(weights, preds, columns["target"].double())


class FriendAUC(WeightedMetric):
    """Probability that a pair of friends (DOS 1) has a higher score `friend` than other pairs.

    Ties count half. NaN where a resample holds only friends or none.
    """

    bounds = (0.0, 1.0)
    fields = ("friend", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the area under the ROC curve under each row of weights, shape (n_resamples,)."""
        scores = columns["friend"].double()
        return weighted_auc(weights, scores, columns["target"] == 0)


def expected_dos(strategy: Tensor) -> Tensor:
    """Return the expected decided DOS (n_rows,) under `strategy` (n_rows, n_classes), float64.

    Rounded to 1e-6, so that equal strategies are ties whatever the order of summation.
    """
    dos = torch.arange(1, strategy.shape[1] + 1, dtype=torch.float64)
    return (strategy.double() @ dos).round(decimals=6)


def _distance(columns: dict[str, Tensor]) -> Tensor:
    classes = torch.arange(columns["strategy"].shape[1])
    return (classes - columns["target"][:, None]).abs()  # (n_rows, n_classes)


def _sum_near(columns: dict[str, Tensor], limit: int, inclusive: bool) -> Tensor:
    distance = _distance(columns)
    near = distance <= limit if inclusive else distance < limit
    return (columns["strategy"].double() * near).sum(dim=1)  # (n_rows,)
