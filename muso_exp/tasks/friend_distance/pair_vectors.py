"""Input vectors of pairs under the options of the quirks, one batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.listening import (
    item_statistics,
    log_plays,
    pair_scales,
    pair_vectors,
    shuffled_orders,
    zscore_items,
    zscore_users,
)
from muso_exp.options import Options
from muso_exp.records import Batch


class VectorOptions(Options, frozen=True, kw_only=True):
    """How listening becomes a vector; the first choice of each is the published one.

    Attributes:
        plays: `raw` counts or `log`, log(1 + plays).
        normalisation: `as_published` (z-score per user, pair and vector) or `per_item` (each item
            standardised over the train users, which is what the document's text says).
        nan: `as_published` (a user without a known item in a category makes the vector NaN) or
            `repaired` (their vector in this category stays zero); `per_item` has no such NaN.
        tag_order: `shuffled` (another order of the tags for every vector) or `fixed`.
    """

    plays: Literal["raw", "log"]
    normalisation: Literal["as_published", "per_item"]
    nan: Literal["as_published", "repaired"]
    tag_order: Literal["shuffled", "fixed"]


@dataclass(frozen=True)
class UserVectors:
    """Standardised listening of users.

    Attributes:
        blocks: one tensor per category, shapes (n_users, n_items), float32.
        has_spread: whether a user's vector in a category has any, shape (n_users, n_categories).
    """

    blocks: list[Tensor]
    has_spread: np.ndarray

    @property
    def sizes(self) -> list[int]:
        """Items of each category."""
        return [block.shape[1] for block in self.blocks]


class PairVectoriser:
    """Makes user vectors from listening; whatever is fitted is fitted on the train users.

    Args:
        options: choices for each quirk.
        train_plays: play counts of the train users by category, shapes (n_train, n_items).
        seed: of the shuffled tag orders.
    """

    def __init__(
        self, options: VectorOptions, train_plays: Mapping[str, csr_matrix], seed: int
    ) -> None:
        self.options = options
        self.categories = list(train_plays)
        self.seed = seed
        self._statistics = {}
        if options.normalisation == "per_item":
            self._statistics = {
                name: item_statistics(self._bent(counts)) for name, counts in train_plays.items()
            }

    def users(self, plays: Mapping[str, csr_matrix]) -> UserVectors:
        """Return the vectors of users with these play counts, shapes (n_users, n_items)."""
        found = [self._vectors(name, plays[name]) for name in self.categories]
        blocks, spreads = zip(*found, strict=True)
        return UserVectors(list(blocks), np.stack(spreads, axis=1))

    def changed(self, users: UserVectors, plays: Mapping[str, csr_matrix]) -> UserVectors:
        """Return users' vectors with other play counts in some categories, (n_users, n_items)."""
        blocks, has_spread = [*users.blocks], users.has_spread.copy()
        for name, counts in plays.items():
            place = self.categories.index(name)
            blocks[place], has_spread[:, place] = self._vectors(name, counts)
        return UserVectors(blocks, has_spread)

    def scales(self, users: UserVectors, pairs: np.ndarray) -> Tensor | None:
        """Return the factor of each block (n_pairs, n_categories); None where all are 1."""
        repair = self.options.nan == "repaired"
        if self.options.normalisation == "per_item" or users.has_spread[pairs].all():
            return None
        return torch.from_numpy(pair_scales(users.has_spread[pairs], users.sizes, repair))

    def orders(self, rows: Sequence[int], sizes: list[int], split: int) -> list[Tensor | None]:
        """Return the order of the items of each category for these rows; None where it is fixed."""
        orders: list[Tensor | None] = [None] * len(self.categories)
        if self.options.tag_order == "shuffled" and "tag" in self.categories:
            c = self.categories.index("tag")
            orders[c] = shuffled_orders(rows, sizes[c], key=(self.seed, split))
        return orders

    def _vectors(self, name: str, plays: csr_matrix) -> tuple[Tensor, np.ndarray]:
        """Return a category's block (n_users, n_items), and whose vector has any spread."""
        counts = self._bent(plays)
        if name in self._statistics:
            values = zscore_items(counts, *self._statistics[name])
            return torch.from_numpy(values), np.ones(counts.shape[0], dtype=bool)
        values, has_spread = zscore_users(counts)
        return torch.from_numpy(values), has_spread

    def _bent(self, plays: csr_matrix) -> csr_matrix:
        return log_plays(plays) if self.options.plays == "log" else csr_matrix(plays)


@dataclass(frozen=True, eq=False)
class PairVectors:
    """The pairs of one split; indexed by a list of rows, it returns their batch.

    Attributes:
        number: of the split; keys the shuffled orders.
        pairs: users of each pair, shape (n_pairs, 2), int64, indices into the listeners.
        dos: degree of separation of each pair, shape (n_pairs,), int64, >= 1.
        vectoriser: makes vectors from listening.
        users: vectors of all listeners.
        scales: factor of each block, shape (n_pairs, n_categories); None means 1.
    """

    number: int
    pairs: np.ndarray
    dos: np.ndarray
    vectoriser: PairVectoriser
    users: UserVectors
    scales: Tensor | None

    @classmethod
    def of(
        cls,
        number: int,
        pairs: np.ndarray,
        dos: np.ndarray,
        vectoriser: PairVectoriser,
        users: UserVectors,
    ) -> "PairVectors":
        """Return the split of these pairs over the vectors of `users`."""
        scales = vectoriser.scales(users, pairs)
        return cls(number, pairs, dos, vectoriser, users, scales)

    def with_listening(self, plays: Mapping[str, csr_matrix]) -> "PairVectors":
        """Return the same pairs with other listening of all users in some categories.

        Args:
            plays: play counts of those categories, shapes (n_users, n_items).
        """
        users = self.vectoriser.changed(self.users, plays)
        return replace(self, users=users, scales=self.vectoriser.scales(users, self.pairs))

    @property
    def is_nan(self) -> np.ndarray:
        """Whether each pair's vector is NaN, shape (n_pairs,)."""
        if self.scales is None:
            return np.zeros(len(self), dtype=bool)
        return self.scales.isnan().any(dim=1).numpy()

    @property
    def n_nan(self) -> int:
        """Number of pairs whose vector is NaN."""
        return int(self.is_nan.sum())

    def target(self) -> Tensor:
        """Return the class index of each pair, DOS - 1, shape (n_pairs,), int64."""
        return torch.from_numpy(self.dos - 1)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.pairs)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return `x` (B, input_dim) float32, `target` (B,) int64 and `row` (B,) int64."""
        row = torch.as_tensor(rows, dtype=torch.int64)  # (B,)
        pairs = torch.from_numpy(self.pairs[rows])  # (B, 2)
        scales = None if self.scales is None else self.scales[row]
        orders = self.vectoriser.orders(rows, self.users.sizes, self.number)
        x = pair_vectors(self.users.blocks, pairs, scales, orders)  # (B, input_dim)
        return {"x": x, "target": torch.from_numpy(self.dos[rows] - 1), "row": row}
