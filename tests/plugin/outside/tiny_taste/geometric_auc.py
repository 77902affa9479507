"""A metric that weighs users who are served badly."""

from torch import Tensor

from muso_exp.metrics.base import WeightedMetric, weighted_mean
from muso_exp.options import PositiveShare


class GeometricAuc(WeightedMetric):
    """Geometric mean over users of the area under the curve.

    Args:
        floor: an area below it counts as this one.
    """

    fields = ("auc",)

    def __init__(self, floor: PositiveShare = 0.001) -> None:
        super().__init__()
        self.floor = floor

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the mean under each row of weights, shape (n_resamples,)."""
        return weighted_mean(columns["auc"].clamp(min=self.floor).log(), weights).exp()
