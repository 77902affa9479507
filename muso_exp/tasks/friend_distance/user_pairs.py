"""The rows of the task: users, what they play, and the pairs of each split."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.tasks.friend_distance.pair_vectors import PairVectoriser, PairVectors


@dataclass(frozen=True)
class SplitListeners:
    """All users of a data set.

    Attributes:
        users: names, n_users of them; a user of train and test files stands twice.
        plays: play counts of each category, shapes (n_users, n_items), no stored zeros.
        items: names of the items of each category, in column order.
        distances: degree of separation, shape (n_users, n_users); 0 on the diagonal, -1 where
            there is none or it is not known.
        splits: users of train, val and test, ascending indices.
    """

    users: list[str]
    plays: dict[str, csr_matrix]
    items: dict[str, list[str]]
    distances: np.ndarray
    splits: dict[str, np.ndarray]


@dataclass(frozen=True)
class UnknownShare:
    """Share of what the test users play that no train user plays.

    Attributes:
        plays: share of plays.
        entries: share of (user, item) entries.
    """

    plays: float
    entries: float


@dataclass(frozen=True)
class DrawnPairs:
    """Pairs of users of one split that have a label, and how many have none.

    Attributes:
        pairs: user indices, shape (n_pairs, 2), in row-major order.
        dos: degree of separation, shape (n_pairs,), int64.
        n_candidates: pairs of users in the split.
        n_without_path: of these, pairs without a known distance.
        n_beyond: of these, pairs with a DOS above the classes.
        available: pairs of each DOS, from 0, that could have been drawn, shape (max DOS + 1,).
    """

    pairs: np.ndarray
    dos: np.ndarray
    n_candidates: int
    n_without_path: int
    n_beyond: int
    available: np.ndarray


@dataclass(frozen=True)
class UserPairs:
    """Pairs of users, their listening, and their degree of separation (DOS) as a class.

    Attributes:
        listeners: all users over the train users' items.
        unknown: per category, the share of the test users' listening outside these items.
        drawn: per split, its pairs and how many were left out.
        vectors: per split, the input vectors of its pairs.
        sampling: how pairs are drawn where there are more than wanted.
        test_orders: rows of a test pair: 1, or 2 where both orders are tested.
        seed: of what is drawn from the test pairs.
    """

    listeners: SplitListeners
    unknown: dict[str, UnknownShare]
    drawn: dict[str, DrawnPairs]
    vectors: dict[str, PairVectors]
    sampling: str
    test_orders: int
    seed: int

    @property
    def vectoriser(self) -> PairVectoriser:
        """What makes vectors from listening."""
        return self.vectors["test"].vectoriser

    @property
    def n_classes(self) -> int:
        """Number of classes: the largest DOS in train."""
        return int(self.drawn["train"].dos.max())
