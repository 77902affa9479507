"""The base of every model that scores pairs of users by their friendships and listening."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from muso_exp.features.networks import Network, RowScores, pair_scores, read_network
from muso_exp.features.pair_fusion import FitPart, parts_without_friends
from muso_exp.models.base import Solver
from muso_exp.records import Batch


class PairScorer(Solver):
    """A model that scores how likely two users are friends.

    Batches, made by the data set: a whole network (see `muso_exp.features.networks.as_tensors`),
    and pairs of its users: `pairs` (B, 2), `target` (B,), `row` (B,). In training the network
    holds the friendships to fit on, and `fold` (B,) says which of them are taken out together.
    The network is no state: new users and other friendships need no training.
    """

    @abstractmethod
    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users: friends, or any two users?"""
        raise TypeError(f"{type(self).__name__} does not implement row_scores")

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Learn nothing: the scores follow from the network."""

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `affinity` and `matched_affinity` of the pairs, (B,); here they are one."""
        network, pairs = read_network(batch), batch["pairs"].cpu().numpy()
        score = pair_scores(self.row_scores(network), pairs, network.n_users)
        column = torch.from_numpy(score).to(batch["pairs"].device)
        return {"affinity": column, "matched_affinity": column}


def fit_parts(batch: Batch) -> list[FitPart]:
    """Return the pairs of each fold with the network without this fold's friendships."""
    columns = (batch[name].cpu().numpy() for name in ("pairs", "target", "fold"))
    return parts_without_friends(read_network(batch), *columns)
