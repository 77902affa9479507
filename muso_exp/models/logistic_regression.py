"""Multinomial logistic regression on the pair vectors, solved exactly."""

import logging

import torch
from sklearn.linear_model import LogisticRegression as Solution
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.base import Solver
from muso_exp.models.distance_net import Decision, check_decision, decide
from muso_exp.options import Count, Positive
from muso_exp.records import Batch

log = logging.getLogger(__name__)


class LogisticRegression(Solver):
    """Multinomial logistic regression with an L2 penalty: one exact solve of the train split.

    Rows with a NaN are left out of the solve, and their number is logged. In a prediction they are
    decided as DOS 1, see `muso_exp.models.distance_net.decide`. A class without a train row has
    probability 0.

    Args:
        input_dim: length of a pair's vector, from the data set.
        n_classes: largest DOS of the train pairs, from the data set.
        C: inverse strength of the L2 penalty, > 0.
        max_iter: at most so many iterations of L-BFGS.
        decide: `argmax` or `median`, see `muso_exp.models.distance_net.decide`.

    Raises:
        ValueError: C is not positive.

    Source: none of the documents; scikit-learn's solver. Deviation: none.
    """

    nonfinite_buffers = ("intercepts",)  # -inf: a class without train rows

    coefficients: Tensor
    intercepts: Tensor

    def __init__(
        self,
        input_dim: int,
        n_classes: int,
        C: Positive = 1.0,
        max_iter: Count = 200,
        decide: Decision = "argmax",
    ) -> None:
        super().__init__()
        if not C > 0:
            raise ValueError(f"C must be > 0, got {C}; set model.C")
        self.rule = check_decision(decide)
        self.save_hyperparameters(logger=False)
        self.solution = {"C": C, "max_iter": max_iter}
        self.register_buffer("coefficients", torch.zeros(n_classes, input_dim))
        self.register_buffer("intercepts", torch.zeros(n_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B, n_classes) of pair vectors x (B, input_dim)."""
        return x @ self.coefficients.T + self.intercepts

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `strategy` (B, n_classes) and `friend` (B,), see `decide`."""
        return decide(self(batch["x"]), self.rule)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Solve on the batch, which must be the whole train split.

        Raises:
            ConfigError: the split comes in several batches.
            ValueError: fewer than two classes are left.
        """
        if self.trainer.num_training_batches != 1:
            raise ConfigError(
                f"logistic regression is solved on the whole train split, got it in "
                f"{self.trainer.num_training_batches} batches; set dataset.batch_size=0"
            )
        known = ~batch["x"].isnan().any(dim=1)  # (B,)
        x, target = batch["x"][known].cpu().numpy(), batch["target"][known].cpu().numpy()
        if len(x) < len(known):
            log.warning("%d of %d train rows are NaN and left out", len(known) - len(x), len(known))
        if len(set(target)) < 2:
            raise ValueError(
                f"two classes are needed, got {len(set(target))} in {len(x)} train rows without NaN"
            )
        self._keep(Solution(**self.solution).fit(x, target))

    def _keep(self, solution: Solution) -> None:
        """Copy the solution into the buffers; of two classes it holds one row, the other is 0."""
        present = torch.as_tensor(solution.classes_, device=self.device)
        rows = present[-len(solution.coef_) :]
        self.coefficients.zero_()
        self.coefficients[rows] = torch.as_tensor(solution.coef_).to(self.coefficients)
        self.intercepts.fill_(-torch.inf)
        self.intercepts[present] = 0.0
        self.intercepts[rows] = torch.as_tensor(solution.intercept_).to(self.intercepts)
