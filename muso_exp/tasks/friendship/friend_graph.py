"""The friends around a user, and the paths to those who are suggested, as a small graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import shortest_path

from muso_exp.tasks.friendship.friend_search import FriendSearch

MOST_FRIENDS = 40  # of a user that are drawn, those with most friends of their own


@dataclass(frozen=True)
class FriendGraph:
    """Users around one, and how they are joined.

    Attributes:
        nodes: user (number), name, distance (friendships from the one; -1 without a path),
            suggested (bool).
        edges: one, other (numbers of users), suggested (bool: no friends yet).
        n_left_out: friends of the user that are not drawn.
    """

    nodes: pd.DataFrame
    edges: pd.DataFrame
    n_left_out: int


def friends_around(search: FriendSearch, user: int, suggested: list[int]) -> FriendGraph:
    """Return the friends of a user, those who are suggested, and who leads to them.

    Args:
        search: people and model.
        user: number of the one in the middle.
        suggested: numbers of users.
    """
    friends = search.people.network.friends
    own = friends[user].indices
    degrees = np.diff(friends.indptr)
    drawn = own[np.argsort(-degrees[own], kind="stable")[:MOST_FRIENDS]]
    distance, before = shortest_path(
        friends, unweighted=True, indices=user, directed=False, return_predecessors=True
    )
    users = {user, *drawn.tolist(), *suggested}
    for other in suggested:
        while before[other] >= 0:
            other = int(before[other])
            users.add(other)
    numbers = np.array(sorted(users))
    nodes = pd.DataFrame(
        {
            "user": numbers,
            "name": [search.people.users[number] for number in numbers],
            "distance": np.where(np.isfinite(distance[numbers]), distance[numbers], -1).astype(int),
            "suggested": np.isin(numbers, suggested),
        }
    )
    among = friends[numbers][:, numbers].tocoo()
    upper = among.row < among.col
    pairs = zip(numbers[among.row[upper]], numbers[among.col[upper]], strict=True)
    joined = [(one, other, False) for one, other in pairs]
    joined += [(user, other, True) for other in suggested]
    edges = pd.DataFrame(joined, columns=["one", "other", "suggested"])
    return FriendGraph(nodes, edges, len(own) - len(drawn))
