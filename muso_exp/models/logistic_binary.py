"""Logistic regression of two classes by scikit-learn: the baseline of document 2."""

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from muso_exp.models.binary import BinarySolver
from muso_exp.options import Count, Positive
from muso_exp.records import Batch


class LogisticBinary(BinarySolver):
    """Logistic regression with an L2 penalty, solved once on the whole train split.

    Args:
        input_dim: number of features, from the data set.
        threshold: where a probability becomes a decision, from the data set.
        C: inverse strength of the penalty, > 0.
        max_iter: at most so many iterations of L-BFGS. On unscaled features the solver stops at
            scikit-learn's 100 before it has converged, as the document's must have; no warning.

    Raises:
        ValueError: C is not positive.

    Source: document 2, section 3, "a prebuilt regression model from Sklearn", before the scaling.
    Deviation: none known; the document gives no options, scikit-learn's defaults are ours.
    """

    coefficients: Tensor
    intercept: Tensor

    def __init__(
        self, input_dim: int, threshold: str = "half", C: Positive = 1.0, max_iter: Count = 100
    ) -> None:
        super().__init__(threshold)
        if not C > 0:
            raise ValueError(f"C must be > 0, got {C}; set model.C")
        self.save_hyperparameters(logger=False)
        self.solution = LogisticRegression(C=C, max_iter=max_iter)
        self.register_buffer("coefficients", torch.zeros(input_dim, dtype=torch.float64))
        self.register_buffer("intercept", torch.zeros((), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability (B,) of the positive list, of features x (B, input_dim)."""
        return (x.double() @ self.coefficients + self.intercept).sigmoid().float()

    def solve(self, batch: Batch) -> None:
        """Solve on the batch, the whole train split."""
        x, target, weight = (batch[name].cpu().numpy() for name in ("x", "target", "weight"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit = self.solution.fit(x.astype("float64"), target, sample_weight=weight)
        self.coefficients.copy_(torch.from_numpy(fit.coef_[0]))
        self.intercept.fill_(float(fit.intercept_[0]))
