"""The thesis' test of factors from sound: songs without plays, recommended (table 6.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.factor_scaling import unit_rows
from muso_exp.features.neighbours import equal_rows
from muso_exp.features.ranking import Rows, rank_in_blocks
from muso_exp.features.shared_ranking import rank_by_item
from muso_exp.metrics.drawn_items import DrawnItems
from muso_exp.records import Columns


@dataclass(frozen=True)
class ListeningTest:
    """Users with listening to train clips and to test clips: which test clips have they played?

    Attributes:
        users: rows of the plays, ascending, shape (n_rows,).
        plays: their counts of train clips, shape (n_rows, n_train).
        held: the test clips that they have played, shape (n_rows, n_test).
        cutoffs: the k of the ranking columns.
    """

    users: np.ndarray
    plays: csr_matrix
    held: csr_matrix
    cutoffs: Sequence[int]

    @classmethod
    def of(cls, train: csr_matrix, test: csr_matrix, cutoffs: Sequence[int]) -> "ListeningTest":
        """Keep the users who have played something of both; matrices of all users."""
        users = np.flatnonzero((np.diff(train.indptr) > 0) & (np.diff(test.indptr) > 0))
        held = csr_matrix(test[users])
        held.sort_indices()
        return cls(users, csr_matrix(train[users], dtype=np.float32), held, list(cutoffs))

    def target(self) -> Tensor:
        """Return how many test clips each user has played, shape (n_rows,)."""
        return torch.from_numpy(np.diff(self.held.indptr).astype(np.int64))

    def rank(self, train: np.ndarray, test: np.ndarray) -> Columns:
        """Return the ranking columns of factors.

        A user is the sum of the factors of the train clips, weighted by plays and divided by its
        norm; test clips are ranked by their cosine to it.

        Args:
            train: factors of the train clips, shape (n_train, n_factors).
            test: factors of the test clips, shape (n_test, n_factors).

        Source: thesis section 6.2.1. Deviation: ties are resolved by their exact expectation.
        """
        users = unit_rows(self.plays @ train.astype(np.float32))  # (n_rows, n_factors)
        songs, place = equal_rows(unit_rows(test.astype(np.float32)))
        columns = rank_in_blocks(
            lambda start, stop: (users[start:stop] @ songs.T)[:, place],
            self._seen(),
            Rows(self.held.indptr, self.held.indices),
            self.held.shape[1],
            self.cutoffs,
            users=self.users,
            longest=self.longest,
        )
        return _tensors(columns)

    def rank_alike(self) -> Columns:
        """Return the columns where all test clips tie: the exact expectation of a random order."""
        return self.rank_by(np.zeros(self.held.shape[1]))

    def rank_by(self, scores: np.ndarray) -> Columns:
        """Return the columns of scores of the test clips (n_test,), the same for every user."""
        held = Rows(self.held.indptr, self.held.indices)
        of = self._seen(), held, self.cutoffs
        return _tensors(rank_by_item(scores, *of, users=self.users, longest=self.longest))

    @property
    def longest(self) -> int:
        """Return the most test clips that a user has played."""
        return int(np.diff(self.held.indptr).max(initial=0))

    def drawn(self, artists: np.ndarray, n_resamples: int) -> DrawnItems:
        """Return the test clips, by their artists, as what intervals draw besides the users.

        Args:
            artists: number of the artist of each test clip, shape (n_test,).
            n_resamples: number of bootstrap samples.
        """
        n_candidates = np.full(len(self.users), self.held.shape[1])
        return DrawnItems(artists, n_candidates, n_resamples)

    def _seen(self) -> Rows:
        return Rows(np.zeros(len(self.users) + 1, np.int64), np.empty(0, np.int64))


def _tensors(columns: dict[str, np.ndarray]) -> Columns:
    return {name: torch.from_numpy(column) for name, column in columns.items()}
