"""The rows of the task: plays split by their use, and the users with held-out items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.features.ranking import Rows
from muso_exp.formats.listening.interactions import Interactions


@dataclass(frozen=True)
class Split:
    """Plays by their use, all of shape (n_users, n_items), indices ascending.

    Attributes:
        train: plays to learn from.
        val: held out to choose a model by; no entry of train.
        test: held out to judge it; no entry of train or val.
        candidates: ids of the items that are ranked, ascending; None for all.
        warm: whether only items of train are ranked.
    """

    train: csr_matrix
    val: csr_matrix
    test: csr_matrix
    candidates: np.ndarray | None = None
    warm: bool = False


@dataclass(frozen=True)
class HeldOut:
    """The users with held-out items, what they are known to play, and what is held out.

    Attributes:
        users: numbers, ascending, shape (n_rows,).
        seen: items not to be recommended, shape (n_rows, n_candidates).
        positives: held-out items, at least one in a row, shape (n_rows, n_candidates).
        candidates: item ids that are ranked, ascending; None for all.
        n_without: users without held-out items among the candidates, left out.
    """

    users: np.ndarray
    seen: csr_matrix
    positives: csr_matrix
    candidates: np.ndarray | None
    n_without: int

    @classmethod
    def of(cls, seen: csr_matrix, positives: csr_matrix, candidates: np.ndarray | None) -> HeldOut:
        """Keep the users with held-out items; all matrices are (n_users, n_items)."""
        if candidates is not None:
            seen, positives = seen[:, candidates], positives[:, candidates]
        counts = np.diff(positives.indptr)
        users = np.flatnonzero(counts)
        n_without = len(counts) - len(users)
        return cls(users, seen[users], positives[users], candidates, n_without)

    @property
    def n_items(self) -> int:
        """Return the number of candidates."""
        return self.positives.shape[1]

    def of_candidates(self, values: np.ndarray) -> np.ndarray:
        """Return the values (n_items, ...) of the candidates, (n_candidates, ...)."""
        return values if self.candidates is None else values[self.candidates]

    def ids(self, places: np.ndarray) -> np.ndarray:
        """Return the item ids of places among the candidates; -1 stays -1."""
        if self.candidates is None:
            return places
        return np.where(places < 0, places, self.candidates[np.maximum(places, 0)])

    def counts(self) -> np.ndarray:
        """Return the number of held-out items of each row, shape (n_rows,), int64."""
        return np.diff(self.positives.indptr).astype(np.int64)

    def rows(self) -> tuple[Rows, Rows]:
        """Return the seen and the held-out items of each row."""
        seen, positives = self.seen, self.positives
        return Rows(seen.indptr, seen.indices), Rows(positives.indptr, positives.indices)

    def item_lists(self) -> list[list[int]]:
        """Return the ids of the held-out items of each row."""
        rows = np.split(self.ids(self.positives.indices), self.positives.indptr[1:-1])
        return [items.tolist() for items in rows]

    def padded(self) -> np.ndarray:
        """Return the ids of the held-out items, -1 behind them, (n_rows, longest), int32."""
        counts = self.counts()
        table = np.full((len(counts), counts.max(initial=1)), -1, dtype=np.int32)
        table[np.arange(table.shape[1]) < counts[:, None]] = self.ids(self.positives.indices)
        return table


@dataclass(frozen=True)
class SplitPlays:
    """Play counts, filtered and split.

    Attributes:
        used: users, items and plays that are left after filtering.
        split: the plays by their use.
        n_read: users and items before filtering.
        min_user_items: different items that a user needs to stay.
        min_item_users: different users that an item needs to stay.
    """

    used: Interactions
    split: Split
    n_read: tuple[int, int]
    min_user_items: int
    min_item_users: int

    def held(self) -> HeldOut:
        """Return the users with test items."""
        split = self.split
        return HeldOut.of(split.train + split.val, split.test, split.candidates)

    def listeners(self) -> np.ndarray:
        """Return the train users of each item, shape (n_items,)."""
        return np.bincount(self.split.train.indices, minlength=self.split.train.shape[1])
