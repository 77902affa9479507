"""The rows of the task: plays split by their use, and the users with held-out items."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import item_listeners, row_counts, select_entries
from muso_exp.features.ranking import Rows
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.metrics.drawn_items import DrawnItems


@dataclass(frozen=True)
class Split:
    """Plays by their use, all of shape (n_users, n_items), indices ascending.

    Attributes:
        train: plays to learn from.
        val: held out to choose a model by; no entry of train.
        test: held out to judge it; no entry of train or val.
        candidates: ids of the items that are ranked, ascending; None for all.
        warm: whether only items of train are ranked.
        brought: where users of `val` and `test` are in no training, the plays that they are known
            by; else None.
    """

    train: csr_matrix
    val: csr_matrix
    test: csr_matrix
    candidates: np.ndarray | None = None
    warm: bool = False
    brought: csr_matrix | None = None


@dataclass(frozen=True)
class UserDraw:
    """Which of the users with held-out items are evaluated.

    Attributes:
        n: drawn evenly; all where there are no more.
        seed: of the draw.
    """

    n: int
    seed: int

    def of(self, users: np.ndarray) -> np.ndarray:
        """Return the drawn ones of users (n_users,), in their order."""
        if len(users) <= self.n:
            return users
        chosen = np.random.default_rng([self.seed, 7]).choice(len(users), self.n, replace=False)
        return users[np.sort(chosen)]


@dataclass(frozen=True)
class HeldOut:
    """The users with held-out items, what they are known to play, and what is held out.

    Attributes:
        users: numbers, ascending, shape (n_rows,).
        seen: items not to be recommended, shape (n_rows, n_candidates).
        positives: held-out items, at least one in a row, shape (n_rows, n_candidates).
        candidates: item ids that are ranked, ascending; None for all.
        n_without: users without held-out items among the candidates, left out.
        item_units: where intervals draw items besides users, the independent unit of each
            candidate that is drawn (its artist), -1 of another, shape (n_candidates,); else None.
        n_undrawn: users with held-out items among the candidates who were not drawn, left out.
        brought: where the users are in no training, the plays that they are known by, of all
            items, shape (n_rows, n_items); else None.
        kept: what `drawn` returned, by the number of resamples.
    """

    users: np.ndarray
    seen: csr_matrix
    positives: csr_matrix
    candidates: np.ndarray | None
    n_without: int
    item_units: np.ndarray | None = None
    n_undrawn: int = 0
    brought: csr_matrix | None = None
    kept: dict[int, DrawnItems] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        seen: csr_matrix,
        positives: csr_matrix,
        candidates: np.ndarray | None,
        draw: UserDraw | None = None,
        brought: csr_matrix | None = None,
    ) -> HeldOut:
        """Keep the users with held-out items, or those drawn; matrices are (n_users, n_items).

        What users bring is seen too.
        """
        if brought is not None:
            seen = csr_matrix(seen + brought)
        everything = np.arange(seen.shape[1]) if candidates is None else candidates
        ranked = np.zeros(seen.shape[1], dtype=bool)
        ranked[everything] = True
        counts = row_counts(positives, ranked)
        every = np.flatnonzero(counts)
        users = every if draw is None else draw.of(every)
        known, asked = (select_entries(part, users, everything) for part in (seen, positives))
        n_without, n_undrawn = len(counts) - len(every), len(every) - len(users)
        of_users = None if brought is None else brought[users]
        return cls(users, known, asked, candidates, n_without, None, n_undrawn, of_users)

    def known(self, train: csr_matrix) -> csr_matrix:
        """Return what a model knows of the users, of the plays of training, (n_rows, n_items)."""
        return train[self.users] if self.brought is None else self.brought

    def with_units(self, listeners: np.ndarray, artist: np.ndarray) -> HeldOut:
        """Draw the candidates without listeners in training too, by their artists.

        How many play such an item is not known from training, and all users share it: of few
        items its luck is larger than that of the users. Others are played as in training.

        Args:
            listeners: train users of each item, shape (n_items,).
            artist: number of each item's artist, shape (n_items,).
        """
        cold = self.of_candidates(listeners) == 0
        units = np.where(cold, self.of_candidates(artist), -1)
        return replace(self, item_units=units if cold.any() else None)

    @property
    def longest(self) -> int:
        """Return the most held-out items of a user where items are drawn; else 0."""
        return 0 if self.item_units is None else int(self.counts().max(initial=0))

    def drawn(self, n_resamples: int) -> DrawnItems | None:
        """Return the items that intervals draw besides the users; None where there are none."""
        if self.item_units is None:
            return None
        if n_resamples not in self.kept:
            drawn = DrawnItems(self.item_units, self.n_candidates, n_resamples)
            self.kept[n_resamples] = drawn
        return self.kept[n_resamples]

    @property
    def n_candidates(self) -> np.ndarray:
        """Return how many candidates each row has that are not seen, shape (n_rows,)."""
        return self.n_items - np.diff(self.seen.indptr)

    @property
    def typical_candidates(self) -> float:
        """Return the median of `n_candidates`, at least 1; without a row, all candidates."""
        typical = np.median(self.n_candidates) if len(self.users) else self.n_items
        return max(float(typical), 1.0)  # a small world may have no cold artist to rank

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
        draw: which users are evaluated; None for all.
    """

    used: Interactions
    split: Split
    n_read: tuple[int, int]
    min_user_items: int
    min_item_users: int
    draw: UserDraw | None = None

    def held(self) -> HeldOut:
        """Return the users with test items; items without any listeners are drawn too."""
        split = self.split
        seen = split.train + split.val if split.val.nnz else split.train
        held = HeldOut.of(seen, split.test, split.candidates, self.draw, split.brought)
        if held.of_candidates(self.listeners()).any():
            return held
        return held.with_units(self.listeners(), self.used.artist_numbers())

    def listeners(self) -> np.ndarray:
        """Return the train users of each item, shape (n_items,)."""
        return item_listeners(self.split.train)
