"""iALS: latent factors with a weight of the unobserved and frequency-scaled regularisation."""

from __future__ import annotations

from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.ials import ImplicitLoss
from muso_exp.models.factor_ranker import FactorRanker
from muso_exp.options import Count, Cutoffs, Inert, NotNegative, Positive, Seed, ZeroOrMore
from muso_exp.records import Batch


class IALS(FactorRanker):
    """Latent factors of who plays what at all; one epoch is one sweep (users, then items).

    `train/loss` is `muso_exp.features.ials.ImplicitLoss` after the sweep.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_factors: latent factors.
        regularization: weight of the squared norms, before it is scaled by frequency.
        unobserved_weight: of the square of any score; a play weighs 1.
        frequency_exponent: how far a norm counts by the entries of its row; 0: all alike.
        cg_steps: steps of conjugate gradients towards each exact solution.
        init_std: standard deviation of a row of factors at the start; of a factor it is that over
            the root of their number.
        seed: of the factors at the start.
        n_threads: of the sweep; 0 means all cores.
        n_top: length of the recommended lists.

    Source: Rendle, Krichene, Zhang and Koren, "Revisiting the performance of iALS on item
    recommendation benchmarks", RecSys 2022. Deviation: conjugate gradients, see `ImplicitLoss`.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_factors: Count = 128,
        regularization: Positive = 0.003,
        unobserved_weight: Positive = 0.1,
        frequency_exponent: NotNegative = 1.0,
        cg_steps: Count = 3,
        init_std: Positive = 0.1,
        seed: Seed = 0,
        n_threads: Inert[ZeroOrMore] = 0,
        n_top: Count = 10,
    ) -> None:
        spread = init_std / n_factors**0.5
        super().__init__(n_users, n_items, cutoffs, n_factors, spread, seed, n_top)
        self.save_hyperparameters(logger=False)
        self.implicit = ImplicitLoss(regularization, unobserved_weight, frequency_exponent)
        self.cg_steps, self.n_threads = cg_steps, n_threads

    def weigh(self, plays: csr_matrix) -> csr_matrix:
        """Return the weights of who plays what (n_users, n_items)."""
        return self.implicit.confidence(plays)

    def sweep(self, confidence: csr_matrix, transposed: csr_matrix) -> None:
        """Solve the users and then the items."""
        users, items = self.user_factors, self.item_factors
        self.implicit.solve(confidence, users, items, self.cg_steps, self.n_threads)
        self.implicit.solve(transposed, items, users, self.cg_steps, self.n_threads)

    def objective(self, confidence: csr_matrix) -> float:
        """Return the loss, see `muso_exp.features.ials.ImplicitLoss`."""
        return self.implicit.value(confidence, self.user_factors, self.item_factors)

    def fold_in(self, batch: Batch) -> Tensor:
        """Return the factors of new rows, between the items, shape (B, n_factors)."""
        confidence = self.weigh(self.new_plays(batch))
        return self.implicit.fold_in(confidence, self.item_factors)
