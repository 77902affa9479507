"""Metrics of a task of one class out of many.

They read `probabilities`, shape (n_rows, n_classes), and `target`, the number of the true class,
shape (n_rows,). The decision is the class of the largest probability; where several are equally
likely, each counts as decided in equal parts, so that a uniform guess scores its exact expectation.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from muso_exp.metrics.base import RowMean, WeightedMetric
from muso_exp.metrics.classification import CalibrationError

_LOG_FLOOR = -100.0  # of torch's binary cross-entropy: the logarithm of a probability of 0


class GenreAccuracy(RowMean):
    """Share of rows whose decision is the truth."""

    bounds = (0.0, 1.0)
    fields = ("probabilities", "target")

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the hit of each row, shape (n_rows,)."""
        return hits(columns["probabilities"], columns["target"])


class MacroF1(WeightedMetric):
    """Mean over classes of 2 TP / (decided + true); those neither decided nor true are left out."""

    bounds = (0.0, 1.0)
    fields = ("probabilities", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the mean under each row of weights, shape (n_resamples,)."""
        decided = decisions(columns["probabilities"])  # (n_rows, n_classes)
        true = one_hot(columns["target"].long(), decided.shape[1]).double()
        f1 = 2 * (weights @ (decided * true)) / (weights @ (decided + true))
        return f1.nanmean(dim=1)


class GenreLogLoss(RowMean):
    """Mean cross-entropy in nats, logarithms cut at -100."""

    bounds = (0.0, math.inf)
    fields = ("probabilities", "target")
    higher_is_better = False

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the loss of each row, shape (n_rows,)."""
        true = columns["target"].long()[:, None]
        own = columns["probabilities"].double().gather(1, true)[:, 0]
        return -own.log().clamp(min=_LOG_FLOOR)


class ConfidenceError(CalibrationError):
    """Calibration error of the confidence: the largest probability of a row, against the accuracy.

    Source: Guo et al., ICML 2017. Deviation: ties of the largest probability count in part.
    """

    fields = ("probabilities", "target")

    def stated(self, columns: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return each row's confidence, and whether its decision is the truth, (n_rows,)."""
        confidence = columns["probabilities"].double().amax(dim=1)
        return confidence, hits(columns["probabilities"], columns["target"])


def decisions(probabilities: Tensor) -> Tensor:
    """Return how far each class is decided for, (n_rows, n_classes), float64; rows sum to 1."""
    largest = probabilities == probabilities.amax(dim=1, keepdim=True)
    return largest.double() / largest.sum(dim=1, keepdim=True)


def hits(probabilities: Tensor, target: Tensor) -> Tensor:
    """Return how far each row is decided rightly, shape (n_rows,), float64."""
    return decisions(probabilities).gather(1, target.long()[:, None])[:, 0]


def genre_metrics() -> dict[str, WeightedMetric]:
    """Return the metrics of genres by name."""
    return {
        "accuracy": GenreAccuracy(),
        "macro_f1": MacroF1(),
        "log_loss": GenreLogLoss(),
        "calibration_error": ConfidenceError(),
    }


def per_class(probabilities: Tensor, target: Tensor) -> Tensor:
    """Return of each true class its rows, accuracy and mean confidence, shape (n_classes, 3).

    NaN for accuracy and confidence of a class without rows.
    """
    true = one_hot(target.long(), probabilities.shape[1]).double()  # (n_rows, n_classes)
    n_rows = true.sum(dim=0)
    right = hits(probabilities, target)
    confidence = probabilities.double().amax(dim=1)
    means = torch.stack([right, confidence], dim=1).T @ true / n_rows  # (2, n_classes)
    return torch.cat([n_rows[None], means]).T
