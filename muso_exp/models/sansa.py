"""SANSA: EASE for very many items, its item-to-item weights a product of two sparse matrices."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.play_weights import PlayWeights, Weighting
from muso_exp.features.sansa import Factorizer, sparse_inverse
from muso_exp.memory import require_memory
from muso_exp.models.ranking import RowRanker, read_csr, register_csr
from muso_exp.options import Count, Cutoffs, NotNegative, Positive, PositiveShare
from muso_exp.records import Batch


class SANSA(RowRanker):
    """Scores as `muso_exp.models.ease.EASE`, about; memory goes with the entries that are kept.

    Learned state: both sparse matrices, what items are multiplied by, and the plays of training,
    in buffers.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        regularization: weight of the squared item-to-item weights; those of plays have a mean
            square of 1.
        density: share of each matrix that is kept.
        factorizer: `incomplete` or `cholesky`, see `muso_exp.features.sansa`.
        weighting: what a play count becomes, see `muso_exp.features.play_weights.PlayWeights`.
        popularity_exponent: items are divided by their number of users to this power.
        n_top: length of the recommended lists.

    Raises:
        ConfigError: in the fit, the package is not there.

    Source: Spisak et al., RecSys 2023; X is 1 where there are plays. Deviation: `weighting` and
    `popularity_exponent` other than the defaults are ours.
    """

    item_scale: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        regularization: Positive = 250.0,
        density: PositiveShare = 0.001,
        factorizer: Factorizer = "incomplete",
        weighting: Weighting = "binary",
        popularity_exponent: NotNegative = 0.0,
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        require_memory(
            2 * 8 * density * n_items**2,
            f"sansa: two matrices of {n_items} items, of density {density:g},",
            "set model.density lower, or keep fewer items (dataset.top_items)",
        )
        self.save_hyperparameters(logger=False)
        self.regularization, self.density = regularization, density
        self.factorizer, self.weighting = factorizer, weighting
        self.popularity_exponent = popularity_exponent
        self.register_buffer("item_scale", torch.ones(n_items))
        for side in ("left", "right"):
            register_csr(self, side, csr_matrix((n_items, n_items), dtype=np.float32))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Weigh the plays, and invert their Gram matrix about."""
        plays = self.plays(batch)
        weights = PlayWeights.of(plays, self.weighting, self.popularity_exponent)
        how = self.regularization, self.density, self.factorizer
        left, right = sparse_inverse(weights.weigh(plays), *how)
        self.register_buffer("item_scale", torch.from_numpy(weights.item_scale))
        register_csr(self, "left", left)
        register_csr(self, "right", right)
        register_csr(self, "known", plays)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return x L R for rows of plays, x their weights, shape (B, n_items)."""
        x = PlayWeights(self.weighting, self.item_scale.cpu().numpy()).weigh(rows)
        hidden = x @ read_csr(self, "left", self.n_items)
        return torch.from_numpy((hidden @ read_csr(self, "right", self.n_items)).toarray())
