"""Batches of the recommendation task; `muso_exp.models.ranking` says what they hold."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from muso_exp.data.base import BatchDataset
from muso_exp.features.plays_batch import plays_batch
from muso_exp.records import Batch
from muso_exp.tasks.recommendation.split_plays import HeldOut


class WholeMatrix(BatchDataset):
    """The matrix of plays as one row: what a solver learns from in one step."""

    def __init__(self, plays: csr_matrix) -> None:
        self.plays = plays

    def __len__(self) -> int:
        """Return 1."""
        return 1

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return crow_indices (n_users + 1,), col_indices (n_plays,), values (n_plays,).

        The columns are the matrix' own memory, not a copy.
        """
        return {
            "crow_indices": torch.from_numpy(self.plays.indptr.astype(np.int64)),
            "col_indices": torch.from_numpy(self.plays.indices),
            "values": torch.from_numpy(self.plays.data.astype(np.float32)),
        }


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
            "target": torch.from_numpy(held.counts()[rows]),
        }
        for name, matrix in (("seen", held.seen), ("positives", held.positives)):
            part = matrix[rows]
            batch[f"{name}_crow"] = torch.from_numpy(part.indptr.astype(np.int64))
            batch[f"{name}_col"] = torch.from_numpy(part.indices.astype(np.int64))
        if held.candidates is not None:
            batch["candidates"] = torch.from_numpy(held.candidates)
        if held.longest:
            batch["longest"] = torch.tensor(held.longest)
        return batch if held.brought is None else batch | plays_batch(held.brought[rows])
