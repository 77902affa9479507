"""Metrics of a two-class task.

They read `probability` (n_rows,), that a row is of the positive class; `decision` (n_rows,), the
probability of deciding for it (0 or 1, or between for a random guesser, whose counts are then
exact expectations); and `target` (n_rows,), 0 or 1.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from muso_exp.metrics.base import RowMean, WeightedMetric, weighted_mean
from muso_exp.metrics.ranks import weighted_auc, weighted_precision

_LOG_FLOOR = -100.0  # of torch's binary cross-entropy: the logarithm of a probability of 0


class LogLoss(RowMean):
    """Mean binary cross-entropy in nats, logarithms cut at -100 as torch does."""

    bounds = (0.0, math.inf)
    fields = ("probability", "target")
    higher_is_better = False

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the loss of each row, shape (n_rows,)."""
        return _log_loss(columns["probability"], columns["target"])


class WholeBatchLoss(WeightedMetric):
    """Sum of the batches' mean losses, divided by the number of *whole* batches only.

    With 242 rows in batches of 50 five means are divided by four, and a coin's ln 2 = .6931
    becomes .8664. The document's "average test loss" .8675 is .6940 read this way; see
    conf/experiment/playlist_membership.yaml.

    Args:
        batch_size: rows of a batch.
        **kwargs: of `torchmetrics.Metric`.

    Raises:
        ValueError: `batch_size` is not positive.

    Source: our reading of document 2, sections 3 and 6 ("the batch count is also calculated").
    """

    bounds = (0.0, math.inf)
    fields = ("probability", "target")
    higher_is_better = False

    def __init__(self, batch_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if batch_size < 1:
            raise ValueError(f"batch_size must be >= 1 row, got {batch_size}")
        self.batch_size = batch_size

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the loss under each row of weights, shape (n_resamples,)."""
        losses = _log_loss(columns["probability"], columns["target"])
        parts = zip(losses.split(self.batch_size), weights.split(self.batch_size, 1), strict=True)
        total = torch.stack([weighted_mean(loss, weight) for loss, weight in parts]).sum(dim=0)
        return total / max(len(losses) // self.batch_size, 1)


class BrierScore(RowMean):
    """Mean squared distance of the score from the truth."""

    bounds = (0.0, 1.0)
    fields = ("probability", "target")
    higher_is_better = False

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the squared distance of each row, shape (n_rows,)."""
        return (columns["probability"].double() - columns["target"]) ** 2


class CalibrationError(WeightedMetric):
    """Expected calibration error: mean |score - share of positives| over bins of equal width.

    It describes and does not judge: a constant prediction of the share of positives has none.

    Args:
        n_bins: bins between 0 and 1.
        **kwargs: of `torchmetrics.Metric`.

    Raises:
        ValueError: `n_bins` is not positive.
    """

    fields = ("probability", "target")
    higher_is_better = None
    biased_by_repeats = True
    bounds = (0.0, 1.0)

    def __init__(self, n_bins: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if n_bins < 1:
            raise ValueError(f"n_bins must be >= 1, got {n_bins}")
        self.n_bins = n_bins

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the error under each row of weights, shape (n_resamples,)."""
        stated, true = self.stated(columns)
        bins = (stated * self.n_bins).long().clamp(0, self.n_bins - 1)  # (n_rows,)
        gaps = weights.new_zeros(len(weights), self.n_bins)
        gaps.index_add_(1, bins, weights * (stated - true))  # (n_resamples, n_bins)
        return gaps.abs().sum(dim=1) / weights.sum(dim=1)

    def stated(self, columns: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the probability that each row states, float64, and what came true, (n_rows,)."""
        return columns["probability"].double(), columns["target"]


class Accuracy(RowMean):
    """Probability that the decision is the truth."""

    bounds = (0.0, 1.0)
    fields = ("decision", "target")

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the probability that the decision is the truth of each row, shape (n_rows,)."""
        decision, target = columns["decision"].double(), columns["target"]
        return torch.where(target > 0, decision, 1 - decision)


class Precision(WeightedMetric):
    """Share of positives among the rows decided positive; NaN where nothing was."""

    bounds = (0.0, 1.0)
    fields = ("decision", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the precision under each row of weights, shape (n_resamples,)."""
        hits, decided, _ = _counts(weights, columns)
        return hits / decided


class Recall(WeightedMetric):
    """Share of the positives that were decided positive; NaN where there are none."""

    bounds = (0.0, 1.0)
    fields = ("decision", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the recall under each row of weights, shape (n_resamples,)."""
        hits, _, positives = _counts(weights, columns)
        return hits / positives


class F1(WeightedMetric):
    """Harmonic mean of precision and recall, 2 TP / (decided + positives)."""

    bounds = (0.0, 1.0)
    fields = ("decision", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return F1 under each row of weights, shape (n_resamples,)."""
        hits, decided, positives = _counts(weights, columns)
        return 2 * hits / (decided + positives)


class RocAUC(WeightedMetric):
    """Probability that a positive scores higher than a negative; ties count half."""

    bounds = (0.0, 1.0)
    fields = ("probability", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the area under the ROC curve under each row of weights, shape (n_resamples,)."""
        return weighted_auc(weights, columns["probability"], columns["target"] > 0)


class AveragePrecision(WeightedMetric):
    """Mean precision over the positives, each at its own score; rows of one score enter together.

    NaN where a resample holds no positive.
    """

    fields = ("probability", "target")
    biased_by_repeats = True
    bounds = (0.0, 1.0)

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the average precision under each row of weights, shape (n_resamples,)."""
        return weighted_precision(weights, columns["probability"], columns["target"] > 0)


def _log_loss(score: Tensor, target: Tensor) -> Tensor:
    """Return the cross-entropy of each row, shape (n_rows,), float64."""
    score = score.double()
    hit = torch.where(target > 0, score, 1 - score)
    return -hit.log().clamp(min=_LOG_FLOOR)


def _counts(weights: Tensor, columns: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Return true positives, rows decided positive and positives, each (n_resamples,)."""
    decision, target = columns["decision"].double(), columns["target"].double()
    return weights @ (decision * target), weights @ decision, weights @ target
