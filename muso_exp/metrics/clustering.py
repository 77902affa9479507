"""Metrics of clusters: how close rows are to their own cluster, and what it is good for.

They read `squared_distance` (n_rows,), to the centre of the own cluster as it was learned on the
train rows; `cluster` (n_rows,), its number; `centre` (n_rows, n_features), that centre; and
`target` (n_rows, n_features), the rows as the model saw them. A task without labels has nothing
truer.

Resamples draw rows. What a row is compared to (its neighbours, the recommended rows) stays the
test set, so that these intervals show the spread over rows and not that of the comparison.
"""

import math
from typing import Any

import numpy as np
import torch
from sklearn.metrics import silhouette_samples
from torch import Tensor

from muso_exp.metrics.base import RowMean, WeightedMetric

_BLOCK = 512  # rows compared at once


class SumOfSquares(WeightedMetric):
    """Sum of the squared distances to the own centres: the within-cluster sum of squares (WCSS).

    Args:
        place: of the clustering in `curve_squared_distance` (n_rows, n_clusterings).
        **kwargs: of `torchmetrics.Metric`.
    """

    bounds = (0.0, math.inf)
    fields = ("curve_squared_distance",)
    higher_is_better = False

    def __init__(self, place: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.place = place

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the sum under each row of weights, shape (n_resamples,)."""
        return weights @ columns["curve_squared_distance"][:, self.place].double()


class MeanSquaredDistance(RowMean):
    """Mean squared distance to the own centre, in squared units of the model's inputs."""

    bounds = (0.0, math.inf)
    fields = ("squared_distance",)
    higher_is_better = False

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the squared distance of each row, shape (n_rows,)."""
        return columns["squared_distance"]


class ExplainedVariance(WeightedMetric):
    """Share of the variance around the train mean that the learned centres take away.

    0 for a single centre, 1 where every row lies on its centre.

    Args:
        mean: of the train rows, shape (n_features,).
        **kwargs: of `torchmetrics.Metric`.
    """

    bounds = (-math.inf, 1.0)
    fields = ("squared_distance", "target")

    def __init__(self, mean: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean = torch.from_numpy(np.asarray(mean, dtype=np.float64))

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the share under each row of weights, shape (n_resamples,)."""
        total = ((columns["target"].double() - self.mean) ** 2).sum(dim=1)  # (n_rows,)
        return 1 - (weights @ columns["squared_distance"].double()) / (weights @ total)


class ExplainedShare(WeightedMetric):
    """Share of a feature's variance that the learned centres take away, the mean over features.

    Every feature counts alike, whatever its unit, so that clusterings of differently scaled inputs
    can be compared. Below 0 where the centres are worse than the train mean.

    Args:
        mean: of the train rows, shape (n_features,).
        **kwargs: of `torchmetrics.Metric`.
    """

    bounds = (-math.inf, 1.0)
    fields = ("centre", "target")

    def __init__(self, mean: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean = torch.from_numpy(np.asarray(mean, dtype=np.float64))

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the share under each row of weights, shape (n_resamples,); NaN of a constant."""
        x = columns["target"].double()
        within = weights @ (x - columns["centre"].double()).square()  # (n_resamples, n_features)
        total = weights @ (x - self.mean).square()  # (n_resamples, n_features)
        return (1 - within / total).mean(dim=1)


class CalinskiHarabasz(WeightedMetric):
    """Variance that the clusters take away over what they leave, each per degree of freedom.

    NaN where there is but one cluster.

    Args:
        mean: of the train rows, shape (n_features,).
        **kwargs: of `torchmetrics.Metric`.

    Source: Calinski and Harabasz 1974. Deviation: the centres are those learned on train, not the
    means of the tested rows, which would flatter every resample.
    """

    bounds = (0.0, math.inf)
    fields = ("cluster", "squared_distance", "target")

    def __init__(self, mean: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean = torch.from_numpy(np.asarray(mean, dtype=np.float64))

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the ratio under each row of weights, shape (n_resamples,)."""
        total = weights @ (columns["target"].double() - self.mean).square().sum(dim=1)
        within = weights @ columns["squared_distance"].double()
        k = len(columns["cluster"].unique())
        if k < 2:
            return torch.full_like(total, torch.nan)
        return ((total - within) / (k - 1)) / (within / (weights.sum(dim=1) - k))


class Silhouette(RowMean):
    """Mean silhouette of a sample of the rows, exact within the sample; -1 to 1.

    Args:
        spread: what each feature is divided by first, shape (n_features,); None for nothing.
        n_sample: rows of the sample, evenly spaced over the test set, which stands in random order
            or the file's.
        **kwargs: of `torchmetrics.Metric`.

    Source: Rousseeuw 1987, by scikit-learn. Deviation: a sample.
    """

    fields = ("cluster", "target")
    skips_undefined = True
    bounds = (-1.0, 1.0)

    def __init__(self, n_sample: int, spread: np.ndarray | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_sample = n_sample
        self.spread = None if spread is None else torch.from_numpy(np.asarray(spread, np.float64))

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the silhouette of each row of the sample, NaN elsewhere and of one cluster."""
        cluster, x = columns["cluster"], columns["target"]
        result = torch.full((len(x),), torch.nan, dtype=torch.float64)
        sample = evenly_spaced(len(x), self.n_sample)
        rows = x.double() if self.spread is None else x.double() / self.spread
        labels = cluster[sample].numpy()
        if 1 < len(np.unique(labels)) < len(sample):
            result[sample] = torch.from_numpy(silhouette_samples(rows[sample].numpy(), labels))
        return result


class RecommendedDistance(RowMean):
    """Mean distance of a row to the rows recommended for it, every feature of unit variance.

    Recommended are the first rows of its cluster in the order of the file, itself left out.

    Args:
        spread: standard deviation of each feature, shape (n_features,).
        n_listed: how many are recommended.
        **kwargs: of `torchmetrics.Metric`.

    Source: the code of document 4, 10 rows. Deviation: it never measures what it recommends.
    """

    fields = ("cluster", "target")
    skips_undefined = True
    bounds = (0.0, math.inf)
    higher_is_better = False

    def __init__(self, spread: np.ndarray, n_listed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spread = torch.from_numpy(np.asarray(spread, dtype=np.float64))
        self.n_listed = n_listed

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the mean distance of each row; NaN of a row that is alone in its cluster."""
        cluster, x = columns["cluster"], columns["target"]
        rows = x.double() / self.spread
        listed = first_of_cluster(cluster.numpy(), self.n_listed)  # (n_rows, n_listed)
        result = torch.empty(len(x), dtype=torch.float64)
        for start in range(0, len(x), _BLOCK):
            block = slice(start, start + _BLOCK)
            chosen = torch.from_numpy(listed[block])
            gaps = rows[chosen.clamp(min=0)] - rows[block, None]  # (n_block, n_listed, n_features)
            distance = gaps.square().sum(dim=2).sqrt()
            there = (chosen >= 0).double()
            result[block] = (distance * there).sum(dim=1) / there.sum(dim=1)
        return result


def first_of_cluster(cluster: np.ndarray, n_listed: int) -> np.ndarray:
    """Return the first rows of each row's cluster, itself left out, shape (n_rows, n_listed).

    Args:
        cluster: of each row, shape (n_rows,).
        n_listed: how many; -1 fills the places that the cluster has no rows for.
    """
    listed = np.full((len(cluster), n_listed), -1, dtype=np.int64)
    for label in np.unique(cluster):
        members = np.flatnonzero(cluster == label)
        first = members[: n_listed + 1]
        for member in members:
            own = first[first != member][:n_listed]
            listed[member, : len(own)] = own
    return listed


def evenly_spaced(n_rows: int, n_sample: int) -> np.ndarray:
    """Return at most n_sample different row numbers, ascending, evenly spaced."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_sample, n_rows)).astype(np.int64))
