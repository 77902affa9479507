"""A recommender that goes by the users who share items with a user."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.models.ranking import RowRanker, read_csr, register_csr
from muso_exp.options import Positive
from muso_exp.records import Batch


class Fellows(RowRanker):
    """Scores an item by its listeners, each counted by the items shared with the user.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        power: of the number of shared items; a large one listens to the closest users alone.
    """

    def __init__(
        self, n_users: int, n_items: int, cutoffs: Sequence[int], power: Positive = 1.0
    ) -> None:
        super().__init__(n_users, n_items, cutoffs)
        self.power = power

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep who plays what."""
        register_csr(self, "known", self.plays(batch).sign())

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return the scores of all items for rows of plays (B, n_items), same shape."""
        known = read_csr(self, "known", self.n_items)
        shared = (rows.sign() @ known.T).power(self.power)  # (B, n_users)
        return torch.from_numpy((shared @ known).toarray().astype(np.float32))
