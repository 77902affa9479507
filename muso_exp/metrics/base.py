"""The base of every metric: one formula for the value and for its bootstrap interval."""

import math
from abc import abstractmethod
from typing import Any, ClassVar, final

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class WeightedMetric(Metric):
    """A metric over test rows that can be computed under many row weights at once.

    A subclass names the columns it reads in `fields` and implements `score`. The value is `score`
    with all weights one; an interval is `score` under the multiplicities of a bootstrap.

    Attributes:
        fields: names of the prediction columns read, `target` included.
        higher_is_better: which of two values is the better one; None of a metric that describes
            and does not judge.
        biased_by_repeats: whether a row that a resample repeats moves the value by itself (it is
            its own neighbour in a ranking, or leaves the resample fewer different rows). The
            samples are then moved back by their mean bias.
        bounds: least and greatest value that the metric can have; samples that are moved back, or
            that hold the spread over seeds, stay between them. A metric that declares none may have
            any value.
    """

    fields: ClassVar[tuple[str, ...]]
    higher_is_better: bool | None = True
    biased_by_repeats: ClassVar[bool] = False
    bounds: tuple[float, float] = (-math.inf, math.inf)
    is_differentiable = False
    full_state_update = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"sync_on_compute": False, **kwargs})  # each process has all rows
        if not hasattr(self, "fields"):
            raise TypeError(f"{type(self).__name__} has no fields, the columns that it reads")
        for field in self.fields:
            self.add_state(field, default=[], dist_reduce_fx="cat")

    def update(self, **columns: Tensor) -> None:
        """Store one batch of rows; columns that the metric does not read are ignored."""
        for field in self.fields:
            getattr(self, field).append(columns[field].detach())

    def compute(self) -> Tensor:
        """Return the value over all stored rows, shape ()."""
        columns = {field: dim_zero_cat(getattr(self, field)) for field in self.fields}
        n_rows = len(next(iter(columns.values())))
        weights = torch.ones(1, n_rows, dtype=torch.float64)
        return self.score(weights, **{k: v.cpu() for k, v in columns.items()})[0]

    def corrected(self, value: float, samples: Tensor) -> Tensor:
        """Return bootstrap samples, (n_resamples,), moved back by the bias that repeats cause.

        Source: Efron and Tibshirani 1993, chapter 10, for the correction of bias.
        """
        if not self.biased_by_repeats:
            return samples
        return (samples + (value - samples.nanmean())).clamp(*self.bounds)

    @abstractmethod
    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the metric under each row of weights.

        Args:
            weights: how often each test row counts, shape (n_resamples, n_rows), float64.
            columns: at least the tensors named in `fields`, first dimension n_rows.

        Returns:
            One value per resample, shape (n_resamples,), float64; NaN where the resample leaves
            the metric undefined.
        """


class RowMean(WeightedMetric):
    """The mean over test rows of a value that each row has; a subclass implements `rows`.

    All such metrics of a task are averaged at once, by one product with the weights.

    Attributes:
        skips_undefined: whether rows whose value is NaN are left out; else they make the mean NaN.
    """

    skips_undefined: ClassVar[bool] = False

    @abstractmethod
    def rows(self, **columns: Tensor) -> Tensor:
        """Return the value of each row, shape (n_rows,); NaN where it has none.

        Args:
            columns: at least the tensors named in `fields`, first dimension n_rows.
        """

    @final
    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the mean under each row of weights, shape (n_resamples,)."""
        skips = torch.tensor([self.skips_undefined])
        return row_means(self.rows(**columns)[:, None], weights, skips)[:, 0]


def row_means(values: Tensor, weights: Tensor, skips: Tensor) -> Tensor:
    """Return the means of several columns under each row of weights, (n_resamples, n_columns).

    Args:
        values: of the rows, shape (n_rows, n_columns).
        weights: how often each row counts, shape (n_resamples, n_rows), float64.
        skips: whether a column's NaN are left out, shape (n_columns,); else its means are NaN.
    """
    skipped = values.isnan() & skips
    total = weights @ values.double().masked_fill(skipped, 0)
    if not skipped.any():
        return total / weights.sum(dim=1, keepdim=True)
    return total / (weights @ (~skipped).double())


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return the mean of `values` (n_rows,) under each row of `weights` (n_resamples, n_rows)."""
    return (weights @ values.double()) / weights.sum(dim=1)
