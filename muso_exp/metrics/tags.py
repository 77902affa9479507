"""Metrics of tagging: areas under curves, the mean over tags.

All read `scores` and `target`, shape (n_rows, n_tags); a row is a track or an artist.
"""

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.tag_curves import tag_areas
from muso_exp.metrics.base import WeightedMetric


class MacroTagMetric(WeightedMetric):
    """Mean of a value over the tags for which it is defined; NaN where it is for none.

    A subclass implements `per_tag`.
    """

    bounds = (0.0, 1.0)
    fields = ("scores", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the mean over tags under each row of weights, shape (n_resamples,)."""
        return self.per_tag(weights, **columns).nanmean(dim=1)

    @abstractmethod
    def per_tag(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the value of each tag under each row of weights, (n_resamples, n_tags)."""


class MacroRocAuc(MacroTagMetric):
    """Area under the ROC curve: a row with the tag scores above one without, ties one half."""

    def per_tag(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the area of each tag, (n_resamples, n_tags); NaN if all rows are of one kind."""
        return _areas(weights, columns)[0]


class MacroPrAuc(MacroTagMetric):
    """Area under the precision-recall curve (average precision); a constant scores the prior."""

    biased_by_repeats = True

    def per_tag(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the area of each tag, (n_resamples, n_tags); NaN without rows with the tag."""
        return _areas(weights, columns)[1]


def _areas(weights: Tensor, columns: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return both areas; NaN for a tag with a score that is not finite."""
    scores, target = columns["scores"].numpy(), columns["target"].numpy()
    finite = np.isfinite(scores).all(axis=0)  # (n_tags,)
    areas = tag_areas(np.where(finite, scores, 0), target, weights.numpy())
    for area in areas:
        area[:, ~finite] = np.nan
    roc, pr = (torch.from_numpy(area) for area in areas)
    return roc, pr


def tag_metrics() -> dict[str, WeightedMetric]:
    """Return the metrics of tagging by name."""
    return {"tag_roc_auc": MacroRocAuc(), "tag_pr_auc": MacroPrAuc()}
