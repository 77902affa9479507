"""Friendships of the simulated world: from taste, from popularity, and through friends."""

import numpy as np
from scipy.sparse import csr_matrix

OVERASK = 1.045  # some who ask find no new friend
TRIES = 20  # draws per wanted friend before a user gives up: most misses are friends already


def make_friends(
    user_factors: np.ndarray,
    sociability: np.ndarray,
    mean_degree: float,
    homophily: float,
    closure: float,
    secluded: float,
    rng: np.random.Generator,
) -> csr_matrix:
    """Grow a friendship graph, one user after another.

    A newcomer asks for friends among those already there. Each time they either meet a friend of a
    friend (with probability `closure`) or a user drawn in proportion to
    exp(-homophily x squared distance of taste) x (friends they have + friends they ask for). A few
    users keep to closed circles of two to four.

    Args:
        user_factors: places on the map of taste, shape (n_users, n_factors).
        sociability: how many friends a user asks for, relative to others, shape (n_users,).
        mean_degree: mean number of friends, met approximately.
        homophily: weight of taste; 0 means popularity alone.
        closure: share of the friends who are met through friends, 0 to 1.
        secluded: share of the users in closed circles, 0 to 1.
        rng: draws everything.

    Returns:
        Symmetric adjacency, shape (n_users, n_users), int8, sorted indices, empty diagonal.

    Source: preferential attachment after Barabasi and Albert 1999, triadic closure after Holme and
    Kim 2002. Deviation: both are weighed by taste, and users ask for unequal numbers of friends.
    """
    n_users = len(user_factors)
    order = rng.permutation(n_users)
    n_secluded = round(secluded * n_users)
    n_secluded = 0 if n_secluded < 2 else n_secluded
    circles, open_users = order[:n_secluded], order[n_secluded:]
    asks = OVERASK * mean_degree / 2 * sociability[open_users] / sociability[open_users].mean()
    asks = np.maximum(1, np.floor(asks + rng.random(len(asks)))).astype(np.int64)
    grown = _grow(user_factors[open_users], asks, homophily, closure, rng)
    edges = np.concatenate([open_users[grown], circles[_circle_edges(n_secluded, rng)]])
    ones = np.ones(len(edges), dtype=np.int8)
    upper = csr_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(n_users, n_users))
    adjacency = csr_matrix(upper + upper.T)
    adjacency.sort_indices()
    return adjacency


def _grow(
    places: np.ndarray, asks: np.ndarray, homophily: float, closure: float, rng: np.random.Generator
) -> np.ndarray:
    """Let users arrive in row order and make friends; returns pairs, shape (n_edges, 2)."""
    friends: list[list[int]] = [[] for _ in asks]
    popularity = asks.astype(np.float64)
    for newcomer in range(1, len(asks)):
        distance = ((places[:newcomer] - places[newcomer]) ** 2).sum(axis=1)
        taste = np.exp(-homophily * (distance - distance.min()))  # (newcomer,)
        reach = np.cumsum(taste * popularity[:newcomer])
        wanted = min(int(asks[newcomer]), newcomer)
        for through_friend, at in zip(
            rng.random(TRIES * wanted) < closure, rng.random(TRIES * wanted), strict=True
        ):
            mine = friends[newcomer]
            if len(mine) == wanted:
                break
            if through_friend and mine:
                other = _friend_of_friend(friends, mine[int(at * len(mine))], taste, rng)
            else:
                other = min(int(np.searchsorted(reach, at * reach[-1])), newcomer - 1)
            if other != newcomer and other not in mine:
                mine.append(other)
                friends[other].append(newcomer)
                popularity[[newcomer, other]] += 1
    return np.array([(a, b) for a, those in enumerate(friends) for b in those if b < a])


def _friend_of_friend(
    friends: list[list[int]], friend: int, taste: np.ndarray, rng: np.random.Generator
) -> int:
    """Draw one of a friend's friends in proportion to taste; the friend itself if there is none."""
    candidates = [other for other in friends[friend] if other < len(taste)]
    if not candidates:
        return friend
    reach = np.cumsum(taste[candidates])
    return candidates[min(int(np.searchsorted(reach, rng.random() * reach[-1])), len(reach) - 1)]


def _circle_edges(n_users: int, rng: np.random.Generator) -> np.ndarray:
    """Cut users 0 to n_users - 1 into cliques of 2 to 4; returns pairs, shape (n_edges, 2)."""
    edges: list[tuple[int, int]] = []
    start = 0
    while n_users - start >= 2:
        end = min(start + int(rng.integers(2, 5)), n_users)
        end += n_users - end == 1  # no user stays alone
        edges += [(a, b) for a in range(start, end) for b in range(start, a)]
        start = end
    return np.array(edges, dtype=np.int64).reshape(-1, 2)
