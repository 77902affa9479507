"""The further test of a friendship model: are held-out friends among those it suggests?"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torchmetrics import Metric, MetricCollection

from muso_exp.features.networks import RowScores, friendships
from muso_exp.features.ranking import Places, Rows, columns_of
from muso_exp.metrics.ranking import UserMean
from muso_exp.models.abilities import ScoresUserPairs
from muso_exp.records import Columns
from muso_exp.tasks.base import ExtraTask, NotAnsweredError
from muso_exp.tasks.friendship.baselines import GRAPH_ALONE, Baselines, friend_places
from muso_exp.tasks.friendship.split_network import SplitNetwork

SHOWN = ("recall", "hit_rate")  # of the ranking columns, at each cutoff


class Suggestions(ExtraTask):
    """Rank all users who are no known friends of a user, for each user with held-out friends.

    A row, and the independent unit, is a user. Unlike the pairs of the task these are all
    candidates that a user has, so that a list of suggestions is judged as it would be shown.

    Args:
        network: users, friendships and labelled pairs.
        baselines: the null models.
        cutoffs: the k of the lists.
    """

    def __init__(self, network: SplitNetwork, baselines: Baselines, cutoffs: Sequence[int]) -> None:
        self.network, self.baselines, self.cutoffs = network, baselines, list(cutoffs)
        held = friendships(network.test.friends, network.whole.n_users)
        self.users = np.flatnonzero(np.diff(held.indptr))
        self.held = held[self.users]
        self.target = torch.from_numpy(np.diff(self.held.indptr).astype(np.int64))
        self.units = self.users[:, None]

    def metrics(self) -> MetricCollection:
        """Return the mean over users of the AUC, and of recall and hits in the first k."""
        shown = [f"{name}_at_{k}" for k in self.cutoffs for name in SHOWN]
        means: dict[str, Metric | MetricCollection] = {name: UserMean(name) for name in shown}
        means["user_auc"] = UserMean("auc")
        return MetricCollection(means, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return a random order, users with most friends first, and the graph alone."""
        known = self.network.known
        zeros = np.zeros(known.n_users, dtype=np.float32)
        degrees = known.degrees.astype(np.float32)
        graph = self.baselines.graph_places(self.users, self._seen, self._held)
        return {
            "random": self._columns(lambda users: np.broadcast_to(zeros, (len(users), len(zeros)))),
            "degree_product": self._columns(
                lambda users: np.broadcast_to(degrees, (len(users), len(degrees)))
            ),
            GRAPH_ALONE: self._of_places(graph),
        }

    def ask(self, model: Any) -> Columns:
        """Return the ranking columns of the model's scores.

        Raises:
            NotAnsweredError: the model does not score users with all users.
        """
        if not isinstance(model, ScoresUserPairs):
            raise NotAnsweredError("the model scores no user with all users")
        return self._columns(model.row_scores(self.network.known))

    @cached_property
    def _seen(self) -> Rows:
        """Each user's known friends, and the user."""
        places = np.arange(len(self.users))
        known = csr_matrix(self.network.known.friends[self.users])
        itself = csr_matrix((np.ones(len(places)), (places, self.users)), shape=known.shape)
        seen = csr_matrix(known + itself)
        seen.sort_indices()
        return Rows(seen.indptr, seen.indices)

    @property
    def _held(self) -> Rows:
        return Rows(self.held.indptr, self.held.indices)

    def _columns(self, score_rows: RowScores) -> Columns:
        n_users = self.network.whole.n_users
        places = friend_places(score_rows, self.users, self._seen, self._held, n_users)
        return self._of_places(places)

    def _of_places(self, places: Places) -> Columns:
        """Return the ranking columns of where held-out friends rank."""
        n_candidates = self.network.whole.n_users - np.diff(self._seen.crow)
        found = columns_of(places, self.held.indptr, n_candidates, self.cutoffs, 0, 0)
        return {name: torch.from_numpy(column) for name, column in found.items()}
