"""Batches of the recommendation task; what they hold is told in `muso_exp.models.ranking`."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix

from muso_exp.data.base import BatchDataset
from muso_exp.features.ranking import Rows
from muso_exp.records import Batch


class WholeMatrix(BatchDataset):
    """The matrix of plays as one row: what a solver learns from in one step."""

    def __init__(self, plays: csr_matrix) -> None:
        self.plays = plays

    def __len__(self) -> int:
        """Return 1."""
        return 1

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return crow_indices (n_users + 1,), col_indices (n_plays,), values (n_plays,)."""
        return {
            "crow_indices": torch.from_numpy(self.plays.indptr.astype(np.int64)),
            "col_indices": torch.from_numpy(self.plays.indices.astype(np.int64)),
            "values": torch.from_numpy(self.plays.data.astype(np.float32)),
        }


@dataclass(frozen=True)
class HeldOut:
    """The users with held-out items, and what they are asked.

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
    def of(
        cls, seen: csr_matrix, positives: csr_matrix, candidates: np.ndarray | None
    ) -> "HeldOut":
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

    def rows(self) -> tuple[Rows, Rows]:
        """Return the seen and the held-out items of each row."""
        seen, positives = self.seen, self.positives
        return Rows(seen.indptr, seen.indices), Rows(positives.indptr, positives.indices)


class UserRows(BatchDataset):
    """A row per user with held-out items."""

    def __init__(self, held: HeldOut) -> None:
        self.held = held

    def __len__(self) -> int:
        """Return the number of users with held-out items."""
        return len(self.held.users)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the batch of these rows."""
        held = self.held
        batch = {
            "row": torch.tensor(rows),
            "user": torch.from_numpy(held.users[rows]),
            "target": torch.from_numpy(np.diff(held.positives.indptr)[rows].astype(np.int64)),
        }
        for name, matrix in (("seen", held.seen), ("positives", held.positives)):
            part = matrix[rows]
            batch[f"{name}_crow"] = torch.from_numpy(part.indptr.astype(np.int64))
            batch[f"{name}_col"] = torch.from_numpy(part.indices.astype(np.int64))
        if held.candidates is not None:
            batch["candidates"] = torch.from_numpy(held.candidates)
        return batch
