"""Friends by graph and taste added up: the mean of two percentiles, without learning."""

from typing import Literal

import numpy as np

from muso_exp.features.graph_scores import normalised_katz, personalised_pagerank
from muso_exp.features.networks import Network, RowScores, pair_scores
from muso_exp.features.taste_scores import svd_vectors, vector_cosine
from muso_exp.models.friendship import PairScorer
from muso_exp.options import Count

SAMPLE = 200_000  # pairs of users among which a score has its percentile


class FriendSum(PairScorer):
    """Scores two users by the mean percentile of a graph score and of the SVD of their listening.

    Args:
        graph: `katz` or `personalised_pagerank`, as these models have them by default.
        n_dims: number of singular vectors.
    """

    def __init__(
        self, graph: Literal["katz", "personalised_pagerank"] = "katz", n_dims: Count = 64
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.graph, self.n_dims = graph, n_dims

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        if self.graph == "katz":
            near = normalised_katz(network.friends, decay=0.5, steps=12)
        else:
            near = personalised_pagerank(network.friends, restart=0.15, steps=40)
        alike = vector_cosine(svd_vectors(network.plays, "idf", self.n_dims))
        parts = [_percentiles(score, network.n_users) for score in (near, alike)]
        return lambda users: (parts[0](users) + parts[1](users)) / 2


def _percentiles(score: RowScores, n_users: int) -> RowScores:
    """Return scores as shares of all pairs of users that score less; ties count half."""
    pairs = np.random.default_rng(0).integers(0, n_users, (SAMPLE, 2))
    every = np.sort(pair_scores(score, pairs[pairs[:, 0] != pairs[:, 1]], n_users))

    def rows(users: np.ndarray) -> np.ndarray:
        own = score(users)
        below, upto = (np.searchsorted(every, own, side) for side in ("left", "right"))
        return ((below + upto) / (2 * len(every))).astype(np.float32)

    return rows
