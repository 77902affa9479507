"""Bayesian personalised ranking (BPR): factors that order a played item above one not played."""

import numpy as np
import torch
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.recommender_base import ModelFitError
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn.functional import normalize

from muso_exp.errors import ConfigError, DivergedError
from muso_exp.models.abilities import LatentFactors
from muso_exp.models.factor_ranker import require_factors
from muso_exp.models.ranking import RankingSolver
from muso_exp.options import Count, Cutoffs, NotNegative, Positive, Seed
from muso_exp.records import Batch


class BPR(RankingSolver):
    """`implicit`'s BPR; one epoch draws as many pairs as there are entries, on one thread.

    Learned state: user and item factors in buffers; the last column is the item's bias (1 for
    users). Play counts are unread: a pair is drawn for each entry.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_factors: latent factors, without the bias.
        lr: step of the stochastic gradient.
        regularization: weight of the squared norms.
        seed: of the start and of the draws; the draws of an epoch depend on it and the epoch.
        n_top: length of the recommended lists.

    Raises:
        ConfigError: a number out of range.

    Source: Rendle et al., UAI 2009. Deviation: `implicit` skips a drawn item that was played.
    """

    one_step = False

    user_factors: Tensor
    item_factors: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_factors: Count = 40,
        lr: Positive = 0.05,
        regularization: NotNegative = 0.01,
        seed: Seed = 0,
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        if not 1 <= n_factors <= n_items:
            raise ConfigError(
                f"model.n_factors must be 1 to {n_items}, the number of items; got {n_factors}"
            )
        if lr <= 0:
            raise ConfigError(f"model.lr must be > 0, got {lr}")
        self.save_hyperparameters(logger=False)
        require_factors(n_users, n_items, n_factors)
        self.n_factors = n_factors
        self.lr = lr
        self.regularization = regularization
        self.seed = seed
        rng = torch.Generator().manual_seed(seed)
        users = (torch.rand(n_users, n_factors + 1, generator=rng) - 0.5) / n_factors
        users[:, -1] = 1
        items = (torch.rand(n_items, n_factors + 1, generator=rng) - 0.5) / n_factors
        self.register_buffer("user_factors", users)
        self.register_buffer("item_factors", items)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Draw one pair for each entry and descend on it."""
        drawn = np.random.SeedSequence([self.seed, self.current_epoch]).generate_state(1)
        users, items = self.user_factors.cpu().numpy(), self.item_factors.cpu().numpy()
        with threadpool_limits(1, "blas"):
            bpr = BayesianPersonalizedRanking(
                factors=self.n_factors,
                learning_rate=self.lr,
                regularization=self.regularization,
                iterations=1,
                num_threads=1,  # two threads do not repeat
                random_state=int(drawn[0]),
            )
            bpr.user_factors, bpr.item_factors = users, items
            try:
                bpr.fit(self.plays(batch), show_progress=False)
            except ModelFitError as error:
                fix = f"set model.lr below {self.lr:g}, or model.regularization lower"
                raise DivergedError(f"the factors are not finite; {fix}") from error
        self.user_factors.copy_(torch.from_numpy(users))
        self.item_factors.copy_(torch.from_numpy(items))

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the products of the factors plus the items' biases, shape (B, n_items)."""
        return torch.mm(self.user_factors[users], self.item_factors.T, out=out)

    def factors(self) -> LatentFactors:
        """Return the factors of users and items, the column of biases included."""
        return LatentFactors(self.user_factors, self.item_factors)

    def item_block(self, items: Tensor) -> Tensor:
        """Return the cosines of the factors without bias, shape (B, n_items)."""
        units = normalize(self.item_factors[:, :-1], dim=1)
        return units[items] @ units.T
