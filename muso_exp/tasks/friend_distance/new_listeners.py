"""New users for a trained network of document 1: how far apart, and whose friends they may be."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix, vstack

from muso_exp.features.networks import Network, as_tensors, friendships, read_network
from muso_exp.tasks.friend_distance.pair_vectors import PairVectoriser, PairVectors

log = logging.getLogger(__name__)

BATCH = 256  # pairs
NEW = 2  # the split that new pairs count as: it keys the shuffled orders


@dataclass(frozen=True)
class TrainListeners:
    """The train users of a run and what they play.

    Attributes:
        users: names, n_users of them.
        plays: play counts of each category, shapes (n_users, n_items).
        items: names of the items of each category, in column order.
    """

    users: list[str]
    plays: dict[str, csr_matrix]
    items: dict[str, list[str]]

    def state(self) -> dict[str, Any]:
        """Return plain values and tensors, from which `from_state` makes the users again."""
        no_friends = friendships(np.empty((0, 2), dtype=np.int64), 0)
        plays = {name: as_tensors(Network(no_friends, plays)) for name, plays in self.plays.items()}
        return {"users": self.users, "items": self.items, "plays": plays}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TrainListeners:
        """Return the users that `state` was made from."""
        plays = {name: read_network(part).plays for name, part in state["plays"].items()}
        return cls(state["users"], plays, state["items"])

    def rows(self, counts: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, csr_matrix]:
        """Return the play counts (n_new, n_items) of new users, of items that a train user has.

        Args:
            counts: of each new user, category -> item -> plays.
        """
        found = {}
        for name, items in self.items.items():
            column = {item: place for place, item in enumerate(items)}
            cells = [
                (row, column[item], plays)
                for row, user in enumerate(counts)
                for item, plays in user[name].items()
                if item in column
            ]
            user, item, plays = np.array(cells, dtype=np.float64).reshape(-1, 3).T
            places = (user.astype(np.int64), item.astype(np.int64))
            found[name] = csr_matrix((plays, places), shape=(len(counts), len(items)))
        return found


@dataclass(frozen=True)
class NewListeners:
    """Users of a new file of listening, for a trained network.

    Attributes:
        train: users of the training.
        names: of the new users.
        plays: of the new users, shapes (n_new, n_items).
        vectoriser: fitted on the train users.
    """

    train: TrainListeners
    names: list[str]
    plays: dict[str, csr_matrix]
    vectoriser: PairVectoriser

    def apply(self, model: Any) -> pd.DataFrame:
        """Return each pair of new users, then each new user with the train users, likeliest first.

        A pair that the network has no vector for (a user without a known item in a category, as
        published) has no prediction.

        Returns:
            user_a, user_b, predicted_dos (in degrees), friend_score (chance of one degree).
        """
        pairs = self._pairs()
        both = {
            name: csr_matrix(vstack([self.train.plays[name], rows]))
            for name, rows in self.plays.items()
        }
        ones = np.ones(len(pairs), dtype=np.int64)  # their distance is not known
        vectors = PairVectors.of(NEW, pairs, ones, self.vectoriser, self.vectoriser.users(both))
        parts = [
            model.columns(vectors[list(range(start, min(start + BATCH, len(pairs))))])
            for start in range(0, len(pairs), BATCH)
        ]
        dos = torch.cat([part["strategy"] for part in parts]).argmax(dim=1).numpy() + 1
        friend = torch.cat([part["friend"] for part in parts]).double().numpy()
        blank = vectors.is_nan
        if blank.any():
            log.warning(
                "%d of %d pairs have a user without a known item in a category: no prediction",
                int(blank.sum()),
                len(pairs),
            )
        names = np.array([*self.train.users, *self.names], dtype=object)
        table = pd.DataFrame(
            {
                "user_a": names[pairs[:, 0]],
                "user_b": names[pairs[:, 1]],
                "predicted_dos": pd.array(np.where(blank, 0, dos), dtype="Int64"),
                "friend_score": np.where(blank, np.nan, friend),
            }
        )
        table.loc[blank, "predicted_dos"] = pd.NA
        among_new = (pairs >= len(self.train.users)).all(axis=1)
        order = np.lexsort([-table["friend_score"].fillna(-1).to_numpy(), pairs[:, 0], ~among_new])
        return table.iloc[order].reset_index(drop=True)

    def _pairs(self) -> np.ndarray:
        """Return the new users among themselves and with the train users, shape (n_pairs, 2)."""
        n_train, n_new = len(self.train.users), len(self.names)
        new = np.arange(n_train, n_train + n_new)
        one, other = np.triu_indices(n_new, 1)
        among = np.stack([new[one], new[other]], axis=1)
        mixed = np.stack([np.repeat(new, n_train), np.tile(np.arange(n_train), n_new)], axis=1)
        names = np.array([*self.train.users, *self.names], dtype=object)
        known = names[mixed[:, 0]] != names[mixed[:, 1]]  # a train user may be given again
        return np.concatenate([among, mixed[known]])
