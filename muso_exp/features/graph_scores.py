"""How near two users are in a graph of friendships: scores of pairs without their listening.

Each function prepares what all pairs share and returns `RowScores`, which scores a block of users
with all users. All are symmetric in the two users.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix, diags_array, identity
from scipy.sparse.linalg import eigsh

from muso_exp.features.networks import RowScores

LEAST = 1e-7  # weight of a step below which it no longer counts: float32 would lose it


def preferential_attachment(friends: csr_matrix) -> RowScores:
    """Score two users by the logarithm of (1 + friends of one) x (1 + friends of the other).

    Source: Newman 2001; Barabasi and Albert 1999. Deviation: 1 is added, so that users without
    friends are ranked too.
    """
    bent = np.log1p(_degrees(friends)).astype(np.float32)
    return lambda users: bent[users][:, None] + bent


def common_friends(friends: csr_matrix, weight: str) -> RowScores:
    """Score two users by their common friends.

    Args:
        friends: adjacency, shape (n_users, n_users).
        weight: of a common friend with d friends: `count` 1, `adamic_adar` 1 / log d,
            `resource_allocation` 1 / d, `jaccard` 1 / all friends of the two.

    Source: Adamic and Adar 2003; Zhou, Lu and Zhang 2009. Deviation: none.
    """
    degrees = _degrees(friends)
    weights = {
        "count": np.ones_like(degrees),
        "jaccard": np.ones_like(degrees),
        "adamic_adar": 1 / np.log(np.maximum(degrees, 2)),
        "resource_allocation": 1 / np.maximum(degrees, 1),
    }[weight]
    weighted = csr_matrix(diags_array(weights.astype(np.float32)) @ friends)

    def score(users: np.ndarray) -> np.ndarray:
        shared = (friends[users] @ weighted).toarray()  # (B, n_users)
        if weight != "jaccard":
            return shared
        either = degrees[users][:, None] + degrees - shared
        return (shared / np.maximum(either, 1)).astype(np.float32)

    return score


def personalised_pagerank(
    friends: csr_matrix, restart: float, steps: int, by_degree: bool = False
) -> RowScores:
    """Score two users by random walks with restart from one to the other, both ways added.

    Args:
        friends: adjacency, shape (n_users, n_users).
        restart: chance to go back to the start before each step.
        steps: longest walk; longer ones have less than (1 - restart) ** steps of the chance.
        by_degree: divide the chance to be at a user by the friends of that user, so that users
            with many friends are not near to all.

    Source: Tong, Faloutsos and Pan 2006. Deviation: walks are cut off at `steps`.
    """
    degrees = np.maximum(_degrees(friends), 1)
    walk = csr_matrix(friends.T @ diags_array(1 / degrees), dtype=np.float32)  # columns sum to 1

    def score(users: np.ndarray) -> np.ndarray:
        start = _one_hot(users, len(degrees))  # (n_users, B)
        place = restart * start
        for _ in range(steps):
            place = (1 - restart) * (walk @ place) + restart * start
        there = place.T  # (B, n_users); there[u, v] / degree[v] is symmetric, up to the cut
        even = there / degrees.astype(np.float32)
        return even if by_degree else even * (degrees + degrees[users][:, None]).astype(np.float32)

    return score


def normalised_katz(friends: csr_matrix, decay: float, steps: int) -> RowScores:
    """Score two users by all paths between them, see `normalised_paths`."""
    paths = normalised_paths(friends, [decay], steps)
    return lambda users: paths(users)[0]


def normalised_paths(
    friends: csr_matrix, decays: Sequence[float], steps: int, lengths: Sequence[int] = ()
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Score two users by all paths between them, a path of k steps weighing decay ** k.

    Each step over a friendship counts 1 / sqrt(friends of one end x friends of the other), so that
    the sum converges for any decay below 1.

    Args:
        friends: adjacency, shape (n_users, n_users).
        decays: weights of a step, below 1.
        steps: longest path.
        lengths: also score by the paths of each of these lengths alone.

    Returns:
        Users (B,) -> their scores with all users for each decay, and then for each length, shapes
        (B, n_users), float32.

    Source: Katz 1953. Deviation: the adjacency is normalised, and paths are cut off at `steps`.
    """
    normal = csr_matrix(normalised(friends), dtype=np.float32)

    def score(users: np.ndarray) -> list[np.ndarray]:
        reached = _one_hot(users, normal.shape[0])  # (n_users, B)
        totals = [np.zeros_like(reached) for _ in decays]
        alone = []
        for step in range(1, steps + 1):
            reached = normal @ reached
            for total, decay in zip(totals, decays, strict=True):
                if decay**step > LEAST:
                    total += np.float32(decay**step) * reached
            if step in lengths:
                alone.append(reached)
        return [np.ascontiguousarray(total.T) for total in (*totals, *alone)]

    return score


def spectral_embedding(friends: csr_matrix, n_dims: int) -> RowScores:
    """Score two users by the product of their vectors, see `spectral_products`."""
    products = spectral_products(friends, [n_dims])
    return lambda users: products(users)[0]


def spectral_products(
    friends: csr_matrix, n_dims: Sequence[int]
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Score two users by the product of their vectors in the leading eigenvectors of the graph.

    Args:
        friends: adjacency, shape (n_users, n_users).
        n_dims: numbers of eigenvectors of the normalised adjacency; fewer in a small graph.

    Returns:
        Users (B,) -> their scores with all users for each number, shapes (B, n_users), float32.

    Source: von Luxburg 2007. Deviation: eigenvalues weigh the product.
    """
    size = min(max(n_dims), friends.shape[0] - 2)
    start = np.ones(friends.shape[0])
    values, vectors = eigsh(normalised(friends), k=size, which="LA", v0=start, tol=1e-4)
    leading = np.argsort(-values)
    left = (vectors * values)[:, leading].astype(np.float32)
    right = np.ascontiguousarray(vectors[:, leading].T, dtype=np.float32)

    def score(users: np.ndarray) -> list[np.ndarray]:
        return [left[users, :size] @ right[:size] for size in n_dims]

    return score


def clustering(friends: csr_matrix) -> np.ndarray:
    """Return which share of each user's pairs of friends are friends, shape (n_users,), float32.

    Source: Watts and Strogatz 1998. Deviation: 0 for users with less than two friends.
    """
    degrees = _degrees(friends)
    closed = np.asarray((friends @ friends).multiply(friends).sum(axis=1)).ravel()
    return (closed / np.maximum(degrees * (degrees - 1), 1)).astype(np.float32)


def normalised(friends: csr_matrix) -> csr_matrix:
    """Return the adjacency divided by the square roots of both degrees, same shape, float64."""
    scale = diags_array(1 / np.sqrt(np.maximum(_degrees(friends), 1)))
    return csr_matrix(scale @ friends.astype(np.float64) @ scale)


def _degrees(friends: csr_matrix) -> np.ndarray:
    return np.diff(friends.indptr).astype(np.float64)


def _one_hot(users: np.ndarray, n_users: int) -> np.ndarray:
    """Return a column for each user with a one at the user, shape (n_users, B), float32."""
    return identity(n_users, dtype=np.float32, format="csr")[users].T.toarray(order="C")
