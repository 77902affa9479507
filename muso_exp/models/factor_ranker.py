"""The base of recommenders whose scores are products of latent factors of users and items."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn.functional import normalize

from muso_exp.features import wmf
from muso_exp.features.als import start_factors
from muso_exp.memory import require_memory
from muso_exp.models.abilities import LatentFactors
from muso_exp.models.ranking import RankingSolver
from muso_exp.options import Count
from muso_exp.records import Batch


class FactorRanker(RankingSolver):
    """A recommender with latent factors of users and items, which sweeps bring closer.

    Learned state: `user_factors` (n_users, n_factors), `item_factors` (n_items, n_factors).

    A subclass implements `weigh`, `sweep`, `objective` and `fold_in`. One epoch is one sweep
    (users, then items), and `train/loss` the objective after it.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_factors: latent factors.
        init_std: standard deviation of the factors at the start, normal.
        seed: of the factors at the start.
        n_top: length of the recommended lists.

    Attributes:
        bias: whether the last column is a bias.
    """

    one_step = False
    user_factors: Tensor
    item_factors: Tensor
    bias: bool = False

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Sequence[int],
        n_factors: Count,
        init_std: float,
        seed: int,
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        self.n_factors = n_factors
        require_factors(n_users, n_items, n_factors)
        users, items = start_factors(n_users, n_items, n_factors, init_std, seed)
        self.register_buffer("user_factors", users)
        self.register_buffer("item_factors", items)
        self._matrices: tuple[csr_matrix, csr_matrix] | None = None

    def on_train_start(self) -> None:
        """Forget the matrices of an earlier fit."""
        self._matrices = None

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Do one sweep over the whole matrix and log the objective."""
        if self._matrices is None:
            self._matrices = self.prepare(self.plays(batch))
        self.sweep(*self._matrices)
        loss = self.objective(self._matrices[0])
        self.log("train/loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=1)

    def prepare(self, plays: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
        """Return the weights of plays (n_users, n_items), and transposed, for all sweeps."""
        confidence = self.weigh(plays)
        return confidence, confidence.T.tocsr()

    @abstractmethod
    def weigh(self, plays: csr_matrix) -> csr_matrix:
        """Return the weights of play counts (n_users, n_items), float32."""
        raise TypeError(f"{type(self).__name__} does not implement weigh")

    @abstractmethod
    def sweep(self, confidence: csr_matrix, transposed: csr_matrix) -> None:
        """Solve the users and then the items, of weights (n_users, n_items) and transposed."""
        raise TypeError(f"{type(self).__name__} does not implement sweep")

    @abstractmethod
    def objective(self, confidence: csr_matrix) -> float:
        """Return what the sweeps minimise, of weights (n_users, n_items)."""
        raise TypeError(f"{type(self).__name__} does not implement objective")

    @abstractmethod
    def fold_in(self, batch: Batch) -> Tensor:
        """Return the factors of new rows, between the items, shape (B, n_factors)."""
        raise TypeError(f"{type(self).__name__} does not implement fold_in")

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the products of the factors, plus the biases, shape (B, n_items)."""
        if out is None:
            rows, items = self._vectors(self.user_factors[users])
            return rows @ items.T
        own, every = self.user_factors[users].numpy(), self.item_factors.numpy()
        width = self.n_factors - self.bias
        np.matmul(own[:, :width], every[:, :width].T, out=out.numpy())  # a tenth faster than torch
        if self.bias:  # without a copy of the items' factors for each block
            out += self.item_factors[:, -1]
            out += self.user_factors[users, -1:]
        return out

    def score_new(self, batch: Batch) -> Tensor:
        """Return the scores of new rows, folded in between the items, shape (B, n_items)."""
        rows, items = self._vectors(self.fold_in(batch))
        return rows @ items.T

    def listener_vectors(self) -> Tensor:
        """Return the users' factors without bias, shape (n_users, D)."""
        return self.user_factors[:, : self.n_factors - self.bias]

    def new_vectors(self, batch: Batch) -> Tensor:
        """Return the factors of new rows without bias, shape (B, D)."""
        return self.fold_in(batch)[:, : self.n_factors - self.bias]

    def _vectors(self, user_factors: Tensor) -> tuple[Tensor, Tensor]:
        """Return what scores are the products of, (B, width) and (n_items, width)."""
        if self.bias:
            return wmf.extend_users(user_factors), wmf.extend_items(self.item_factors)
        return user_factors, self.item_factors

    def factors(self) -> LatentFactors:
        """Return the factors of users and items, the bias column included."""
        return LatentFactors(self.user_factors, self.item_factors)

    def item_block(self, items: Tensor) -> Tensor:
        """Return the cosines of the factors without bias, shape (B, n_items)."""
        units = normalize(self.item_factors[:, : self.n_factors - self.bias], dim=1)
        return units[items] @ units.T


def require_factors(n_users: int, n_items: int, n_factors: int) -> None:
    """Refuse factors of users and items that do not fit into memory with their two Gram matrices.

    Raises:
        ConfigError: fewer bytes are free.
    """
    require_memory(
        4 * n_factors * (n_users + n_items + 2 * n_factors),
        f"{n_factors} factors of {n_users} users and {n_items} items",
        "set model.n_factors lower, or keep fewer users or items (dataset.top_items)",
    )
