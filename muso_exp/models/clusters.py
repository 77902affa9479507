"""What the clusterings have in common: centres in a buffer, the nearest one counts."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.base import Solver
from muso_exp.models.shown_abilities import CurveClusters
from muso_exp.records import Batch


class Clusters(Solver):
    """Clusters by their centres, for one number of clusters and for a curve over several.

    A row is of the cluster whose centre is nearest. A subclass solves for the centres.

    Args:
        n_features: length of a row, from the data set.
        n_clusters: of the clustering that recommends, from the data set.
        curve: numbers of clusters to fit as well, from the data set.
    """

    centres: Tensor

    def __init__(self, n_features: int, n_clusters: int, curve: Sequence[int]) -> None:
        super().__init__()
        self.n_clusters, self.curve = n_clusters, list(curve)
        self.sizes = list(dict.fromkeys([*self.curve, n_clusters]))  # in the order of `centres`
        self.register_buffer("centres", torch.zeros(sum(self.sizes), n_features))

    @abstractmethod
    def solve(self, x: np.ndarray, sizes: Sequence[int]) -> list[np.ndarray]:
        """Return the centres (k, n_features) for each number of clusters k, of rows x."""

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Solve on the batch, which must be the whole train split.

        Raises:
            ConfigError: the split comes in several batches, or has fewer rows than clusters.
        """
        if self.trainer.num_training_batches != 1:
            raise ConfigError(
                f"clusters are solved on the whole train split, got it in "
                f"{self.trainer.num_training_batches} batches; set dataset.batch_size=0"
            )
        found = self.solve(batch["x"].cpu().numpy(), self.sizes)
        self.centres.copy_(torch.from_numpy(np.concatenate(found)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the nearest centre and the squared distance to it, each (B, n_sizes)."""
        nearest = [_nearest(x, part) for part in self.centres.split(self.sizes)]
        squared, labels = zip(*nearest, strict=True)
        return torch.stack(labels, dim=1), torch.stack(squared, dim=1)

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the own cluster, its centre and the squared distance to it.

        Returns:
            `cluster`, `squared_distance` (B,); `centre` (B, n_features).
        """
        centres = self.centres.split(self.sizes)[self.sizes.index(self.n_clusters)]
        squared, cluster = _nearest(batch["x"], centres)
        return {"cluster": cluster, "squared_distance": squared, "centre": centres[cluster]}

    def at_each_k(self, x: Tensor) -> CurveClusters:
        """Return the clusters of rows x (B, n_features) for each k of the curve."""
        labels, squared = self(x)
        n_ks = len(self.curve)
        return CurveClusters(labels[:, :n_ks].contiguous(), squared[:, :n_ks].contiguous())


def _nearest(x: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Return the least squared distance of rows x (B, n_features) to a centre, and which, (B,)."""
    distance = torch.cdist(x, centres, compute_mode="donot_use_mm_for_euclid_dist")  # (B, k)
    least = distance.min(dim=1)
    return least.values.square(), least.indices
