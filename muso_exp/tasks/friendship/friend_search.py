"""Friends for a user, and how well two users fit: a trained model asked about a whole network."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order

from muso_exp.errors import ConfigError
from muso_exp.features.likeness import percentiles
from muso_exp.features.networks import (
    Network,
    RowScores,
    as_tensors,
    block_scores,
    friendships,
    read_network,
)
from muso_exp.models.abilities import ScoresUserPairs

MOST_ROWS = 3000  # users whose pairs with all others make the percentiles; of more a sample
N_SUGGESTED = 100  # for somebody new, by `predict`
SHOWN = 5  # shared artists and tags
YOU = "you"
NO_PAIRS = np.empty((0, 2), dtype=np.int64)


@dataclass(frozen=True)
class People:
    """Users by name, their network, and what the items they play are called.

    Attributes:
        users: names, n_users of them.
        network: all friendships and all listening.
        items: names, n_items of them.
        item_tags: how often each item got a tag, shape (n_items, n_tags).
        tags: names, n_tags of them.
    """

    users: list[str]
    network: Network
    items: list[str]
    item_tags: csr_matrix
    tags: list[str]

    def number(self, name: str) -> int:
        """Return the number of a user.

        Raises:
            ConfigError: no such user; the message has the nearest names.
        """
        if name in self.users:
            return self.users.index(name)
        folded = {user.casefold(): user for user in self.users}
        near = difflib.get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.4)
        some = ", ".join([folded[one] for one in near] or self.users[:3])
        meant = f"did you mean {some}?" if near else f"give a name as in its data, such as {some}"
        raise ConfigError(
            f"no user {name!r} among the {len(self.users)} of this run; {meant}"
            + ("" if near else " (or, to `friends`, a file of listening)")
        )

    def state(self) -> dict[str, Any]:
        """Return plain values and tensors, from which `from_state` makes the people again."""
        return {
            "users": self.users,
            "items": self.items,
            "tags": self.tags,
            "network": as_tensors(self.network),
            "item_tags": as_tensors(Network(friendships(NO_PAIRS, 0), self.item_tags)),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> People:
        """Return the people that `state` was made from."""
        item_tags = read_network(state["item_tags"]).plays
        network = read_network(state["network"])
        return cls(state["users"], network, state["items"], item_tags, state["tags"])

    def with_listener(self, plays: csr_matrix) -> People:
        """Return the people with one more, the last: plays (1, n_items) and no friends."""
        network = self.network.with_listener(plays)
        return People([*self.users, YOU], network, self.items, self.item_tags, self.tags)


@dataclass(frozen=True)
class FriendSearch:
    """A trained model and the people it is asked about.

    Attributes:
        people: the users.
        model: scores users with all users.
    """

    people: People
    model: ScoresUserPairs

    @cached_property
    def score_rows(self) -> RowScores:
        """The scores of users with all users, all friendships known."""
        return self.model.row_scores(self.people.network)

    @cached_property
    def all_scores(self) -> np.ndarray:
        """Scores of pairs of users, ascending: of all, or of `MOST_ROWS` users with all."""
        n_users = self.people.network.n_users
        order = np.random.default_rng(0).permutation(n_users)
        users = np.sort(order[:MOST_ROWS])
        rows = block_scores(self.score_rows, users, n_users)
        rows[np.arange(len(users)), users] = np.nan
        return np.sort(rows[~np.isnan(rows)])

    def percentile(self, scores: np.ndarray) -> np.ndarray:
        """Return which share of all pairs scores less, in percent; ties count half."""
        return percentiles(scores, self.all_scores)

    def suggest(self, user: int, k: int) -> pd.DataFrame:
        """Return the k users most likely to be friends who are none yet, best first.

        Returns:
            rank, user, score, percentile among all pairs, shared artists and tags, path.
        """
        network = self.people.network
        scores = self.score_rows(np.array([user]))[0].astype(np.float64)
        scores[[user, *network.friends[user].indices]] = -np.inf
        order = np.argsort(-scores, kind="stable")[:k]
        order = order[np.isfinite(scores[order])]
        return pd.DataFrame(
            {
                "rank": np.arange(1, len(order) + 1),
                "user": [self.people.users[other] for other in order],
                "score": scores[order],
                "percentile": self.percentile(scores[order]),
                "shared": [self.shared_items(user, other) for other in order],
                "tags": [self.shared_tags(user, other) for other in order],
                "path": self.paths(user, order),
            }
        )

    def compatibility(self, one: int, other: int) -> pd.DataFrame:
        """Return how well two users fit, a row per fact.

        The score is as if they were no friends, as in training.
        """
        network = self.people.network
        friends = bool(network.friends[one, other])
        known = network.without(np.array([[one, other]])) if friends else network
        score = self.model.row_scores(known)(np.array([one]))[0, [other]].astype(np.float64)
        plays = network.plays
        both = len(np.intersect1d(plays[one].indices, plays[other].indices))
        facts = {
            "friends": "yes; scored as if they were none" if friends else "no",
            "score": f"{score[0]:.4g}",
            "percentile among all pairs": f"{self.percentile(score)[0]:.1f}",
            "cosine of what they play": f"{_cosine(plays[one], plays[other]):.3f}",
            "shared items": f"{both} of {plays[one].nnz} and {plays[other].nnz}",
            "most shared": self.shared_items(one, other),
            "shared tags": self.shared_tags(one, other),
            "path": self.paths(one, [other])[0],
        }
        return pd.DataFrame({"": list(facts), "value": list(facts.values())})

    def shared_items(self, one: int, other: int) -> str:
        """Return what both play most, by the smaller share of their plays."""
        plays = self.people.network.plays
        return _most_shared(plays[one], plays[other], self.people.items)

    def shared_tags(self, one: int, other: int) -> str:
        """Return the tags that both hear most, weighed by log-plays and by how rare a tag is."""
        people = self.people
        if not people.tags:
            return ""
        tags = people.item_tags.copy()
        listed = np.maximum(tags.getnnz(axis=0), 1)
        tags.data = np.log1p(tags.data) * np.log1p(tags.shape[0] / listed)[tags.indices]
        heard = csr_matrix(people.network.plays[[one, other]]).log1p() @ tags
        return _most_shared(heard[0], heard[1], people.tags)

    def paths(self, user: int, others: Sequence[int] | np.ndarray) -> list[str]:
        """Return a shortest path of friends from a user to each of the others; "" for none."""
        _, before = breadth_first_order(self.people.network.friends, user, directed=False)
        return [self._path(user, int(other), before) for other in others]

    def _path(self, user: int, other: int, before: np.ndarray) -> str:
        way = [other]
        while way[-1] != user:
            if before[way[-1]] < 0:
                return ""
            way.append(int(before[way[-1]]))
        return " - ".join(self.people.users[step] for step in reversed(way))


@dataclass(frozen=True)
class NewListener:
    """Somebody new, the last of the people, for `predict`.

    Attributes:
        people: of the training, and the new one.
    """

    people: People

    def apply(self, model: Any) -> pd.DataFrame:
        """Return the users whom the model suggests as friends, best first, see `suggest`."""
        return FriendSearch(self.people, model).suggest(len(self.people.users) - 1, N_SUGGESTED)


def _most_shared(one: csr_matrix, other: csr_matrix, names: Sequence[str]) -> str:
    """Return the names of the columns of two rows whose smaller share is the largest."""
    shares = [csr_matrix(row / max(row.sum(), 1e-12)) for row in (one, other)]
    both = csr_matrix(shares[0].minimum(shares[1]))
    best = np.argsort(-both.data, kind="stable")[:SHOWN]
    return ", ".join(names[item] for item in both.indices[best])


def _cosine(one: csr_matrix, other: csr_matrix) -> float:
    norm = np.sqrt(one.multiply(one).sum() * other.multiply(other).sum())
    return float((one @ other.T).sum() / norm) if norm > 0 else 0.0


def require_search(data: Any, model: Any, run: str) -> None:
    """Refuse a run of another experiment.

    Raises:
        ConfigError: the data set knows no friends, or the model scores no pairs of users.
    """
    if not hasattr(data, "people") or not isinstance(model, ScoresUserPairs):
        name = getattr(data, "name", type(data).__name__)
        raise ConfigError(
            f"{run}: a run on the data set {name} with the model {type(model).__name__} has no "
            "friends to suggest; give a run of +experiment=friend_prediction"
        )
