"""Ward's hierarchical clusters: one tree, cut at any number of clusters."""

from collections.abc import Sequence

import numpy as np

from muso_exp.features.clusters import cut, means, ward
from muso_exp.models.clusters import Clusters
from muso_exp.options import Count


class Hierarchical(Clusters):
    """The clusters that Ward's tree of the train rows is cut into.

    A row, of the train split too, is then of the cluster with the nearest mean: a tree says
    nothing of new rows. Memory grows with the rows, time with their square.

    Args:
        n_features: length of a row, from the data set.
        n_clusters: of the clustering that recommends, from the data set.
        curve: numbers of clusters to cut into as well, from the data set.

    Source: document 4, clusters, whose dendrogram is all it has of it. Deviation: assigning rows.
    """

    def __init__(self, n_features: int, n_clusters: int, curve: Sequence[Count] = ()) -> None:
        super().__init__(n_features, n_clusters, curve)
        self.save_hyperparameters(logger=False)

    def solve(self, x: np.ndarray, sizes: Sequence[int]) -> list[np.ndarray]:
        """Return the centres (k, n_features) for each number of clusters k, of rows x."""
        labels = cut(ward(x), sizes)
        return [means(x, own, k) for own, k in zip(labels.T, sizes, strict=True)]
