"""Friendship graphs: distances between users, chains of friends, and how metric a label is."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from scipy.ndimage import distance_transform_cdt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

UNREACHABLE = -1


def bfs_distances(adjacency: csr_matrix, sources: np.ndarray | None = None) -> np.ndarray:
    """Count the steps between users along friendships, breadth first.

    Args:
        adjacency: friendships, shape (n_users, n_users); every stored non-zero is an edge from row
            to column, so an undirected graph stores both directions.
        sources: users to start from, shape (n_sources,); all users where None.

    Returns:
        Degrees of separation, shape (n_sources, n_users), int16; 0 on the diagonal,
        -1 where there is no path.

    Raises:
        ValueError: the adjacency is not square.
    """
    n_users = adjacency.shape[0]
    if adjacency.shape != (n_users, n_users):
        raise ValueError(f"adjacency must be square, got shape {adjacency.shape}")
    starts = np.arange(n_users) if sources is None else np.asarray(sources)
    steps = csr_matrix((adjacency != 0).T, dtype=np.float32)  # edges into each user
    distances = np.full((n_users, len(starts)), UNREACHABLE, dtype=np.int16)
    frontier = np.zeros(distances.shape, dtype=bool)
    frontier[starts, np.arange(len(starts))] = True
    step = 0
    while frontier.any():
        distances[frontier] = step
        frontier = ((steps @ frontier.astype(np.float32)) > 0) & (distances == UNREACHABLE)
        step += 1
    return np.ascontiguousarray(distances.T)


def dilation_distances(near: np.ndarray) -> np.ndarray:
    """Label pairs of a chain by repeated binary dilation of the matrix of related pairs.

    The matrix grows by a plus-shaped 3 x 3 element; cells that are set in step n get n. So
    DOS(i, j) = 1 + the smallest |i - a| + |j - b| over related cells (a, b).

    Args:
        near: True where two users are chain neighbours or friends, shape (n, n), users in chain
            order; the diagonal is ignored.

    Returns:
        Degrees of separation as the document counts them, shape (n, n), int16, diagonal 0.
        No graph distance: it may break the triangle inequality.

    Raises:
        ValueError: the matrix is not square, or no two in it are related.

    Source: MuSo (DOS document), "Data"; its code dilates with scipy's default element. Deviation:
    one distance transform instead of the loop, equal cell by cell.
    """
    if near.ndim != 2 or near.shape[0] != near.shape[1]:
        raise ValueError(f"near must be square, got shape {near.shape}")
    related = near.astype(bool) & ~np.eye(len(near), dtype=bool)
    if not related.any():
        raise ValueError("near relates no two users; a chain relates its neighbours at least")
    distances = 1 + distance_transform_cdt(~related, metric="taxicab")
    np.fill_diagonal(distances, 0)
    return distances.astype(np.int16)


def chain_relations(adjacency: csr_matrix, chain: np.ndarray) -> np.ndarray:
    """Return which users of a chain are neighbours in it or friends, shape (n, n), bool.

    Args:
        adjacency: friendships, shape (n_users, n_users).
        chain: users in chain order, shape (n,).
    """
    friends = adjacency[chain][:, chain].toarray() != 0  # (n, n)
    return friends | np.eye(len(chain), k=1, dtype=bool) | np.eye(len(chain), k=-1, dtype=bool)


def friend_chain(
    adjacency: csr_matrix, root: int, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Walk at random from friend to friend, visiting no user twice.

    A user without unvisited friends is left out of the chain and the walk goes on from the one
    before, so that neighbours in the chain are always friends.

    Args:
        adjacency: friendships, shape (n_users, n_users).
        root: first user.
        length: number of users in the chain.
        rng: draws each next friend.

    Returns:
        Users in chain order, shape (length,), int64.

    Raises:
        ValueError: the walk returned to the root before the chain was long enough.

    Source: MuSo (DOS document), "Data". Deviation: none known; the document does not say whether
    dead ends stay in the chain.
    """
    indices, starts = adjacency.indices, adjacency.indptr

    def friends(user: int) -> list[int]:
        return indices[starts[user] : starts[user + 1]].tolist()

    return np.array(walk_chain(friends, root, length, rng), dtype=np.int64)


User = TypeVar("User", int, str)


def walk_chain(
    friends: Callable[[User], Sequence[User]], root: User, length: int, rng: np.random.Generator
) -> list[User]:
    """Walk as `friend_chain` does, where friends are only known once they are asked for.

    Args:
        friends: returns the friends of a user; asked again when the walk comes back to them.
        root: first user.
        length: number of users in the chain.
        rng: draws each next friend.

    Raises:
        ValueError: the walk returned to the root before the chain was long enough.
    """
    chain, visited = [root], {root}
    while chain and len(chain) < length:
        fresh = [friend for friend in friends(chain[-1]) if friend not in visited]
        if fresh:
            chain.append(fresh[rng.integers(len(fresh))])
            visited.add(chain[-1])
        else:
            chain.pop()
    if len(chain) < length:
        raise ValueError(
            f"no chain of {length} users starts at user {root}: {len(visited)} were reached; "
            "take another root, a shorter chain or a larger world"
        )
    return chain


def triangle_violations(distances: np.ndarray) -> int:
    """Count ordered pairs that are shorter by way of a third user than their label says.

    Args:
        distances: degrees of separation, shape (n, n); negative means unreachable.

    Returns:
        Number of ordered pairs (i, j), i != j, with d(i, k) + d(k, j) < d(i, j) for some k.
    """
    length = _finite_lengths(distances)
    detour = np.stack([(row[:, None] + length).min(axis=0) for row in length])  # (n, n)
    off_diagonal = ~np.eye(len(length), dtype=bool)
    return int(((detour < length) & off_diagonal).sum())


def metric_closure(distances: np.ndarray) -> np.ndarray:
    """Return the largest metric that is nowhere above the given label.

    Args:
        distances: symmetric degrees of separation, shape (n, n); negative means unreachable.

    Returns:
        Shortest paths with the labels as lengths, shape (n, n), int16; -1 where unreachable.
    """
    closed = shortest_path(_finite_lengths(distances), method="FW", directed=False)
    return np.where(np.isinf(closed), UNREACHABLE, closed).astype(np.int16)


def _finite_lengths(distances: np.ndarray) -> np.ndarray:
    """Return labels as C-ordered float64, shape (n, n), infinite where unreachable.

    The order matters: scipy's Floyd-Warshall leaves a Fortran-ordered matrix as it is, silently.
    """
    return np.ascontiguousarray(np.where(distances < 0, np.inf, distances), dtype=np.float64)
