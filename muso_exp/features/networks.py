"""Users with friendships and listening, and scores of pairs of them, a block of users at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.sparse import csr_matrix, vstack

from muso_exp.records import Batch

RANDOM, MATCHED, FRIENDS = 0, 1, 2  # kinds of labelled pairs: the first two are no friends
BLOCK_CELLS = 2**19  # scores held at once, of a block of users with all users

# Users (B,) -> their scores with all users, shape (B, n_users), float32; symmetric in the two
# users of a pair, and meaningless for a user with themselves.
RowScores = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Network:
    """Users, who is whose friend, and what they play.

    Attributes:
        friends: ones, shape (n_users, n_users), float32, symmetric, nothing on the diagonal.
        plays: play counts, or ones of what is liked, shape (n_users, n_items), float32; a user
            without listening has an empty row.
    """

    friends: csr_matrix
    plays: csr_matrix

    @property
    def n_users(self) -> int:
        """Number of users."""
        return self.friends.shape[0]

    @property
    def degrees(self) -> np.ndarray:
        """Number of friends of each user, shape (n_users,), float64."""
        return np.diff(self.friends.indptr).astype(np.float64)

    def without(self, pairs: np.ndarray) -> "Network":
        """Return the network without the friendships of pairs (n_pairs, 2), the rest as it is."""
        return replace(self, friends=friendships(remove_pairs(edges(self), pairs), self.n_users))

    def with_listener(self, plays: csr_matrix) -> "Network":
        """Return the network with one more user, the last: no friends, plays (1, n_items)."""
        n_users, listening = self.n_users + 1, vstack([self.plays, plays], format="csr")
        return Network(friendships(edges(self), n_users), listening.astype(np.float32))


def friendships(pairs: np.ndarray, n_users: int) -> csr_matrix:
    """Return the symmetric adjacency (n_users, n_users) of distinct pairs (n_pairs, 2)."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    ones = np.ones(len(both), dtype=np.float32)
    friends = csr_matrix((ones, (both[:, 0], both[:, 1])), shape=(n_users, n_users))
    friends.sort_indices()
    return friends


def edges(network: Network) -> np.ndarray:
    """Return each friendship once, smaller user first, in row-major order, shape (n_edges, 2)."""
    first = np.repeat(np.arange(network.n_users), np.diff(network.friends.indptr))
    pairs = np.stack([first, network.friends.indices.astype(np.int64)], axis=1)
    return pairs[pairs[:, 0] < pairs[:, 1]]


def pair_keys(pairs: np.ndarray, n_users: int) -> np.ndarray:
    """Return one number for each unordered pair (n_pairs, 2), shape (n_pairs,), int64."""
    ordered = np.sort(pairs, axis=1).astype(np.int64)
    return ordered[:, 0] * n_users + ordered[:, 1]


def remove_pairs(pairs: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Return the pairs (n_pairs, 2) that are not among the removed ones, in their order."""
    size = int(max(pairs.max(initial=0), removed.max(initial=0))) + 1
    return pairs[~np.isin(pair_keys(pairs, size), pair_keys(removed, size))]


def user_blocks(users: np.ndarray, n_users: int) -> Iterator[np.ndarray]:
    """Yield users (n,) in blocks whose scores with all users fit into `BLOCK_CELLS`."""
    size = max(BLOCK_CELLS // max(n_users, 1), 1)
    for start in range(0, len(users), size):
        yield users[start : start + size]


def pair_columns(
    score_rows: Callable[[np.ndarray], list[np.ndarray]], pairs: np.ndarray, n_users: int
) -> np.ndarray:
    """Return several scores of pairs, shape (n_scores, n_pairs), float32.

    Args:
        score_rows: users (B,) -> one array (B, n_users) for each score.
        pairs: users, shape (n_pairs, 2).
        n_users: number of all users.
    """
    order = np.argsort(pairs[:, 0], kind="stable")
    first = pairs[order, 0]
    found = []
    for users in user_blocks(np.unique(first), n_users):
        start, stop = np.searchsorted(first, [users[0], users[-1] + 1])
        rows = pairs[order[start:stop]]
        cells = np.searchsorted(users, rows[:, 0]), rows[:, 1]
        found.append(np.stack([block[cells] for block in score_rows(users)]))
    columns = np.empty((len(found[0]), len(pairs)), dtype=np.float32)
    columns[:, order] = np.concatenate(found, axis=1)
    return columns


def pair_scores(score_rows: RowScores, pairs: np.ndarray, n_users: int) -> np.ndarray:
    """Return the scores of pairs (n_pairs, 2), shape (n_pairs,), float32."""
    return pair_columns(lambda users: [score_rows(users)], pairs, n_users)[0]


def block_scores(score_rows: RowScores, users: np.ndarray, n_users: int) -> np.ndarray:
    """Return the scores of users (n,) with all users, (n, n_users), asked a block at a time."""
    return np.concatenate([score_rows(block) for block in user_blocks(users, n_users)])


def all_pair_scores(score_rows: RowScores, n_users: int) -> np.ndarray:
    """Return the scores of every pair of users, shape (n_users, n_users), float32."""
    return block_scores(score_rows, np.arange(n_users), n_users)


def as_tensors(network: Network) -> Batch:
    """Return a network as the tensors of a batch."""
    friends, plays = network.friends, network.plays
    return {
        "friends_crow": torch.from_numpy(friends.indptr.astype(np.int64)),
        "friends_col": torch.from_numpy(friends.indices.astype(np.int64)),
        "plays_crow": torch.from_numpy(plays.indptr.astype(np.int64)),
        "plays_col": torch.from_numpy(plays.indices.astype(np.int64)),
        "plays_values": torch.from_numpy(plays.data.astype(np.float32)),
        "n_items": torch.tensor(plays.shape[1]),
    }


def read_network(batch: Batch) -> Network:
    """Return the network of a batch, see `as_tensors`."""
    part = {name: value.cpu().numpy() for name, value in batch.items()}
    n_users = len(part["friends_crow"]) - 1
    ones = np.ones(len(part["friends_col"]), dtype=np.float32)
    friends = (ones, part["friends_col"], part["friends_crow"])
    plays = (part["plays_values"], part["plays_col"], part["plays_crow"])
    return Network(
        csr_matrix(friends, shape=(n_users, n_users)),
        csr_matrix(plays, shape=(len(part["plays_crow"]) - 1, int(part["n_items"]))),
    )
