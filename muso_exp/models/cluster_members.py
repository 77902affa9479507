"""Recommending as document 4 does: members of the seed's k-means cluster, in file order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.clusters import kmeans, nearest
from muso_exp.models.feature_ranker import FeatureRanker
from muso_exp.models.nearest_features import ELEVEN
from muso_exp.options import Count, Cutoffs, PositiveShare, Seed
from muso_exp.records import Batch


class ClusterMembers(FeatureRanker):
    """Puts the tracks of the seeds' cluster first, in the order of the feature table.

    k-means is fitted to a part of the table; the cluster of a playlist is that of its seeds' mean.
    All other tracks score 0 and tie.

    Args:
        n_users: number of playlists, from the data set.
        n_items: number of tracks, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_top: length of the recommended lists, from the data set.
        features: audio features of the clusters; published: the first ten.
        scaling: `none` as published, or `standard`.
        n_clusters: of k-means.
        n_init: starts of k-means.
        max_iter: of a start.
        members: `test` as published: only tracks that k-means was not fitted to are recommended;
            `all`.
        train_share: of the table's tracks that k-means is fitted to, where members is `test`;
            published: 40,000 of 53,542.
        seed: of the starts, and of which tracks are fitted to.

    Raises:
        ConfigError: an argument is not known; fewer tracks than clusters.

    Source: document 4, clustering, and its authors' code. Deviation: from several seeds too.
    """

    centres: Tensor
    cluster: Tensor
    rank: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_top: Count = 10,
        features: Sequence[str] = ELEVEN[:10],
        scaling: Literal["none", "standard"] = "none",
        n_clusters: Count = 13,
        n_init: Count = 10,
        max_iter: Count = 300,
        members: Literal["test", "all"] = "test",
        train_share: PositiveShare = 0.747,
        seed: Seed = 1,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top, features, scaling)
        if members not in ("test", "all"):
            raise ConfigError(f"model.members must be test or all, got {members!r}")
        if not 0 < train_share < 1:
            raise ConfigError(f"model.train_share must be between 0 and 1, got {train_share}")
        self.save_hyperparameters(logger=False)
        self.n_clusters, self.n_init, self.max_iter = n_clusters, n_init, max_iter
        self.members, self.train_share, self.seed = members, train_share, seed
        self.register_buffer("centres", torch.zeros(n_clusters, len(self.features)))
        self.register_buffer("cluster", torch.full((n_items,), -1))  # -1: not recommended
        self.register_buffer("rank", torch.zeros(n_items))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Fit k-means and note each track's cluster and its place in the file."""
        self.learn_sounds(batch)
        heard = np.flatnonzero(self.has_sound.cpu().numpy())
        points = self.sound.cpu().numpy()[heard]
        fitted = np.ones(len(heard), dtype=bool)
        if self.members == "test":
            fitted = np.random.default_rng(self.seed).random(len(heard)) < self.train_share
        found = kmeans(
            points[fitted], self.n_clusters, "random", self.n_init, self.max_iter, seed=self.seed
        )
        labels = nearest(points, found.centres)[0]
        listed = heard if self.members == "all" else heard[~fitted]
        cluster = np.full(self.n_items, -1, dtype=np.int64)
        cluster[heard] = labels
        shown = np.isin(np.arange(self.n_items), listed)
        self.register_buffer("centres", torch.from_numpy(found.centres).float())
        self.register_buffer("cluster", torch.from_numpy(np.where(shown, cluster, -1)))
        place = self.order.cpu().numpy().argsort().argsort()  # 0 for the first of the file
        self.register_buffer("rank", torch.from_numpy(1 - place / (self.n_items + 1)).float())

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return 1 downwards in file order for the cluster's tracks, else 0, (B, n_items)."""
        seeds = self.seeds(rows)
        points = self.mean_sound(seeds).numpy()
        own = torch.from_numpy(nearest(points, self.centres.cpu().numpy().astype(np.float64))[0])
        known = torch.from_numpy(np.diff(seeds.indptr) > 0)
        inside = (self.cluster.cpu() == own[:, None]) & known[:, None]
        return inside * self.rank.cpu()
