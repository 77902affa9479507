"""k-means: clusters of least squared distance to their mean."""

from collections.abc import Sequence

import numpy as np

from muso_exp.features.clusters import INITS, kmeans
from muso_exp.models.clusters import Clusters
from muso_exp.options import Count, Seed


class KMeans(Clusters):
    """k-means from several starts, solved in one step, see `muso_exp.features.clusters.kmeans`.

    Args:
        n_features: length of a row, from the data set.
        n_clusters: of the clustering that recommends, from the data set.
        curve: numbers of clusters to fit as well, from the data set.
        init: `random` or `k-means++`.
        n_init: number of starts, the best of which counts.
        max_iter: most iterations of a start.
        seed: of the starts.

    Raises:
        ValueError: init is not known, or n_init or max_iter is below 1.

    Source: document 4, clusters. Deviation: float32.
    """

    def __init__(
        self,
        n_features: int,
        n_clusters: int,
        curve: Sequence[Count] = (),
        init: str = "random",
        n_init: Count = 10,
        max_iter: Count = 300,
        seed: Seed = 1,
    ) -> None:
        super().__init__(n_features, n_clusters, curve)
        if init not in INITS:
            raise ValueError(f"model.init must be one of {', '.join(INITS)}, got {init!r}")
        if n_init < 1 or max_iter < 1:
            raise ValueError(
                f"model.n_init and max_iter must be at least 1, got {n_init} and {max_iter}"
            )
        self.save_hyperparameters(logger=False)
        self.init, self.n_init, self.max_iter, self.seed = init, n_init, max_iter, seed

    def solve(self, x: np.ndarray, sizes: Sequence[int]) -> list[np.ndarray]:
        """Return the centres (k, n_features) for each number of clusters k, of rows x."""
        return [
            kmeans(x, k, self.init, self.n_init, self.max_iter, seed=self.seed).centres
            for k in sizes
        ]
