"""The rows of the task: users, their friendships without the held-out ones, and labelled pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from muso_exp.features.networks import FRIENDS, Network
from muso_exp.records import Finding


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs of users and what they are.

    Attributes:
        pairs: users, shape (n_pairs, 2), int64.
        kind: FRIENDS, RANDOM or MATCHED of `muso_exp.features.networks`, shape (n_pairs,), int64.
        fold: which friendships were removed together with a pair's, shape (n_pairs,), int64.
    """

    pairs: np.ndarray
    kind: np.ndarray
    fold: np.ndarray

    @classmethod
    def joined(cls, folds: Sequence[LabelledPairs]) -> LabelledPairs:
        """Return the pairs of several folds, numbered in their order."""
        if not folds:
            empty = np.empty(0, dtype=np.int64)
            return cls(np.empty((0, 2), dtype=np.int64), empty, empty)
        fold = np.repeat(np.arange(len(folds)), [len(part) for part in folds])
        pairs = np.concatenate([part.pairs for part in folds])
        return cls(pairs, np.concatenate([part.kind for part in folds]), fold)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.kind)

    @property
    def friends(self) -> np.ndarray:
        """The friendships among them, shape (n_friends, 2)."""
        return self.pairs[self.kind == FRIENDS]


@dataclass(frozen=True)
class SplitNetwork:
    """A network whose friendships are partly held out.

    Attributes:
        users: names, n_users of them.
        whole: all friendships, and what the users play.
        test: held-out friendships, and the pairs that stand against them.
        fit: the same of other friendships, for what is learned; may be empty.
        file_notes: what was found while reading.
    """

    users: list[str]
    whole: Network
    test: LabelledPairs
    fit: LabelledPairs
    file_notes: Sequence[Finding]

    @cached_property
    def known(self) -> Network:
        """The network without the friendships of the test: all scores rest on it."""
        return self.whole.without(self.test.friends)
