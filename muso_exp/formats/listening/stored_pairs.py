"""Plays that lie on disk, a row for each user and item: which parts they are, how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow import parquet
from scipy.sparse import csr_matrix

from muso_exp.memory import new_array

# What a play is for; brought: what a held-out user is known by.
TRAIN, VAL, TEST, BROUGHT = range(4)
BATCH = 2**20  # rows that are in memory at once


@dataclass(frozen=True)
class StoredPairs:
    """The plays of a log that a cluster filters, not loaded.

    Attributes:
        pairs: Parquet with `user`, `item`, `plays`, `earlier`; ids as in the files.
        users: ids, ascending, shape (n_users,).
        dtype: of the plays once they are loaded.
        timed: whether `earlier` is wanted.
        master: address of Spark.
    """

    pairs: Path
    users: np.ndarray
    dtype: Any
    timed: bool
    master: str


@dataclass(frozen=True)
class PartPlan:
    """How the parts of plays are assigned where they are stored.

    One of `users`, `items`, `temporal` and a test share alone says what is held out: a share of the
    items of users of the parts VAL and TEST; all plays of some items; plays that have none before
    the cut; or a share of each user's items. All but `users` draw the plays of VAL from the rest.

    Attributes:
        test: share of each user's items that is drawn, and its seed.
        val: share of each user's remaining items, and its seed.
        users: part of each user, shape (n_users,), int8; None: no user is held out.
        items: items that are held out whole, shape (n_items,), bool; None: none is.
        temporal: whether plays without one before the cut are held out.
    """

    test: tuple[float, int]
    val: tuple[float, int]
    users: np.ndarray | None = None
    items: np.ndarray | None = None
    temporal: bool = False


class NumberedPairs:
    """A folder of Parquet files, in order of user and item, which are row and column numbers.

    Args:
        folder: of the files, with int32 `user` and `item`, int64 `plays` and `earlier`, and `part`
            where parts were assigned.
        shape: (n_users, n_items).
    """

    def __init__(self, folder: Path, shape: tuple[int, int]) -> None:
        self.files = sorted(folder.glob("part-*.parquet"))
        self.shape = shape

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(parquet.read_metadata(file).num_rows for file in self.files)

    def _rows(self, column: str, counted: str) -> Iterator[np.ndarray]:
        """Yield a column of the rows where `counted` (plays, earlier) is above 0, in batches."""
        for file in self.files:
            for batch in parquet.ParquetFile(file).iter_batches(BATCH, columns=[column, counted]):
                yield batch[column].to_numpy()[batch[counted].to_numpy() > 0]

    def _indptr(self, counted: str) -> np.ndarray:
        sizes = np.zeros(self.shape[0], dtype=np.int64)
        for users in self._rows("user", counted):
            sizes += np.bincount(users, minlength=len(sizes))
        return np.concatenate([[0], np.cumsum(sizes)])

    def numbers(self, counted: str) -> Iterator[np.ndarray]:
        """Yield the numbers of the matrix of `counted`, in batches: indptr, indices, and data."""
        yield self._indptr(counted)
        yield from self._rows("item", counted)
        yield from self._rows(counted, counted)

    def matrix(self, counted: str, dtype: Any) -> csr_matrix:
        """Return the matrix of `counted`, (n_users, n_items), indices ascending."""
        indptr = self._indptr(counted)
        indices = self._filled("item", counted, indptr[-1], np.int32)
        data = self._filled(counted, counted, indptr[-1], dtype)
        return csr_matrix((data, indices, indptr), shape=self.shape)

    def parts(self) -> np.ndarray:
        """Return the part of each play, shape (n_plays,), int8."""
        return self._filled("part", "plays", len(self), np.int8)

    def _filled(self, column: str, counted: str, size: int, dtype: Any) -> np.ndarray:
        array, end = new_array(size, dtype), 0
        for values in self._rows(column, counted):
            begin, end = end, end + len(values)
            array[begin:end] = values
        return array
