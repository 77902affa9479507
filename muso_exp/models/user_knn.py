"""User-based nearest neighbours: what users play whose listening is most alike."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize
from torch import Tensor

from muso_exp.features.play_weights import PlayWeights, Weighting
from muso_exp.models.ranking import RowRanker, read_csr, register_csr
from muso_exp.options import Count, Cutoffs, NotNegative
from muso_exp.records import Batch


class UserKNN(RowRanker):
    """Scores an item by its weights among a user's nearest neighbours, times their cosine.

    Learned state: the plays of training, and what items are multiplied by, in buffers. A user of
    training is a neighbour of their own too: it adds to items that are not recommended.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_neighbours: of each user.
        weighting: what a play count becomes, see `muso_exp.features.play_weights.PlayWeights`.
        popularity_exponent: items are divided by their number of users to this power.
        n_top: length of the recommended lists.

    Source: Herlocker et al., SIGIR 1999, with the cosine of weighted rows. Deviation: sums, not
    means: an item that more neighbours play is the better one.
    """

    item_scale: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_neighbours: Count = 100,
        weighting: Weighting = "log",
        popularity_exponent: NotNegative = 0.0,
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        self.save_hyperparameters(logger=False)
        self.n_neighbours, self.weighting = n_neighbours, weighting
        self.popularity_exponent = popularity_exponent
        self.register_buffer("item_scale", torch.ones(n_items))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep the plays, and how often items are played."""
        plays = self.plays(batch)
        weights = PlayWeights.of(plays, self.weighting, self.popularity_exponent)
        self.register_buffer("item_scale", torch.from_numpy(weights.item_scale))
        register_csr(self, "known", plays)

    def _units(self, rows: csr_matrix) -> csr_matrix:
        """Return the weights of rows of plays (B, n_items), of length 1 each."""
        weights = PlayWeights(self.weighting, self.item_scale.cpu().numpy())
        return csr_matrix(normalize(weights.weigh(rows), axis=1), dtype=np.float32)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return the sums over the nearest neighbours of rows of plays (B, n_items), same shape."""
        known = self._units(read_csr(self, "known", self.n_items))
        likeness = (self._units(rows) @ known.T).toarray()  # (B, n_users)
        if self.n_neighbours < likeness.shape[1]:
            least = np.partition(likeness, -self.n_neighbours, axis=1)[:, -self.n_neighbours]
            likeness[likeness < least[:, None]] = 0  # all that tie for the last place stay
        return torch.from_numpy((csr_matrix(likeness) @ known).toarray())
