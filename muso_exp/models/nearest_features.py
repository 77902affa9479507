"""What sounds like the seeds: the tracks nearest by audio features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.feature_ranker import FeatureRanker
from muso_exp.options import Count, Cutoffs
from muso_exp.records import Batch

ELEVEN = (
    *("danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness"),
    *("instrumentalness", "liveness", "valence", "tempo"),
)  # document 4


def distances(points: Tensor, others: Tensor) -> Tensor:
    """Return the Euclidean distances of points (n, d) to others (m, d), shape (n, m).

    Each from its own differences: through a matrix product, equal points would get distances that
    differ by their place in it, and tracks that sound the same would not tie.
    """
    return torch.cdist(points, others, compute_mode="donot_use_mm_for_euclid_dist")


class NearestFeatures(FeatureRanker):
    """Scores a track by 1 / (1 + d), d its Euclidean distance to the playlist's seeds.

    A track without features scores 0, below all others; so does every track for a playlist whose
    seeds have none.

    Args:
        n_users: number of playlists, from the data set.
        n_items: number of tracks, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_top: length of the recommended lists, from the data set.
        features: audio features that count.
        scaling: `none` as published, or `standard`: z-scores.
        query: `mean`, the distance to the seeds' mean, or `nearest`, to the nearest seed; the same
            for one seed.

    Raises:
        ConfigError: an argument is not known.

    Source: document 4, "making recommendations based on raw input sound files": the nearest
    tracks by 11 raw features. Deviation: also from several seeds.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_top: Count = 10,
        features: Sequence[str] = ELEVEN,
        scaling: Literal["none", "standard"] = "standard",
        query: Literal["mean", "nearest"] = "mean",
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top, features, scaling)
        if query not in ("mean", "nearest"):
            raise ConfigError(f"model.query must be mean or nearest, got {query!r}")
        self.save_hyperparameters(logger=False)
        self.query = query

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Scale the features."""
        self.learn_sounds(batch)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return 1 / (1 + distance), shape (B, n_items)."""
        seeds = self.seeds(rows)
        if self.query == "mean":
            distance = distances(self.mean_sound(seeds), self._points())  # (B, n_items)
        else:
            distance = self._to_nearest(seeds.indptr, seeds.indices)
        known = torch.from_numpy(np.diff(seeds.indptr) > 0)
        near = distance.add_(1).reciprocal_()  # fresh memory costs as much as the distances
        return near.mul_(self.has_sound.cpu()).mul_(known[:, None])

    def _points(self) -> Tensor:
        return self.sound.cpu().nan_to_num()

    def _to_nearest(self, crow: np.ndarray, col: np.ndarray) -> Tensor:
        points = self._points()
        distance = torch.zeros(len(crow) - 1, self.n_items)
        for row in np.flatnonzero(np.diff(crow)):
            own = points[torch.from_numpy(col[crow[row] : crow[row + 1]]).long()]
            distance[row] = distances(points, own).amin(dim=1)
        return distance

    def item_block(self, items: Tensor) -> Tensor:
        """Return 1 / (1 + distance) to tracks (B,), 0 without features, shape (B, n_items)."""
        points, heard = self._points(), self.has_sound.cpu()
        near = 1 / (1 + distances(points[items.cpu()], points))
        return near * heard * heard[items.cpu(), None]
