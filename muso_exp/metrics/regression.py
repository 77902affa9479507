"""Metrics of regression to several outputs at once.

All read `preds` and `target`, shape (n_rows, n_outputs); an output is an audio feature or a latent
factor. Targets that were standardised by the train rows have 0 as what a constant predicts.
"""

import math
from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from muso_exp.metrics.base import RowMean, WeightedMetric
from muso_exp.metrics.ranks import weighted_spearman


class OutputsMetric(WeightedMetric):
    """Mean of a value over the outputs for which it is defined; NaN where it is for none.

    A subclass implements `per_output`.
    """

    fields = ("preds", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the mean over outputs under each row of weights, shape (n_resamples,)."""
        return self.per_output(weights, **columns).nanmean(dim=1)

    @abstractmethod
    def per_output(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the value of each output under each row of weights, (n_resamples, n_outputs)."""


class MeanSquaredError(OutputsMetric):
    """Mean squared error; of standardised targets a constant scores 1."""

    bounds = (0.0, math.inf)
    higher_is_better = False

    def per_output(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the mean squared error of each output, (n_resamples, n_outputs)."""
        squared = (columns["preds"].double() - columns["target"].double()) ** 2
        return (weights @ squared) / weights.sum(dim=1, keepdim=True)


class R2(OutputsMetric):
    """Share of the squared distance from a constant that is explained: 1 perfect, 0 the constant.

    NaN for an output that never leaves the constant. The value is the mean over outputs, each by
    its own spread on these rows: not one minus the ratio of the mean squared errors, and it may be
    below 0 where that is above.

    Args:
        constant: what a constant predictor says, shape (n_outputs,) or (), as a rule the train
            mean: 0 for targets that were standardised by the train rows.
        **kwargs: of `torchmetrics.Metric`.
    """

    bounds = (-math.inf, 1.0)

    def __init__(self, constant: Tensor | float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.constant = torch.as_tensor(constant, dtype=torch.float64)

    def per_output(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return R2 of each output, (n_resamples, n_outputs)."""
        target = columns["target"].double()
        missed = weights @ (columns["preds"].double() - target) ** 2
        spread = weights @ (target - self.constant) ** 2
        return torch.where(spread > 0, 1 - missed / spread, torch.nan)


class RankCorrelation(OutputsMetric):
    """Spearman correlation of prediction and target, ties by their mean rank; NaN of a constant."""

    bounds = (-1.0, 1.0)

    def per_output(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the correlation of each output, (n_resamples, n_outputs)."""
        pairs = zip(columns["preds"].T.double(), columns["target"].T.double(), strict=True)
        return torch.stack([weighted_spearman(weights, *pair) for pair in pairs], dim=1)


class Cosine(RowMean):
    """Mean cosine of the angle between prediction and target; 0 where one of them is 0."""

    bounds = (-1.0, 1.0)
    fields = ("preds", "target")

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the cosine of each row, shape (n_rows,)."""
        preds, target = columns["preds"].double(), columns["target"].double()
        return cosine_similarity(preds, target, dim=1)


class OutputAccuracy(RowMean):
    """Share of rows on the right side of a threshold in one output, which has two true values.

    Args:
        output: number of the output.
        threshold: between its two true values, in the units of the target.
        **kwargs: of `torchmetrics.Metric`.
    """

    bounds = (0.0, 1.0)
    fields = ("preds", "target")

    def __init__(self, output: int, threshold: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output, self.threshold = output, threshold

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the hit of each row, shape (n_rows,)."""
        preds, target = (columns[name][:, self.output] for name in ("preds", "target"))
        right = (preds > self.threshold) == (target > self.threshold)
        return torch.where(preds.isnan(), torch.nan, right.double())
