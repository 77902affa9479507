"""Logistic regression of the features that a backward selection keeps."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.binary import BinarySolver
from muso_exp.models.shown_abilities import SelectionPath
from muso_exp.options import Count, Positive
from muso_exp.records import Batch


class BackwardSelection(BinarySolver):
    """Drop one feature after the other, and keep the set of the least validation loss.

    At each step the feature goes without which the log loss of a logistic regression, averaged
    over validation folds of the train tracks, is least. Test tracks are never asked.

    Args:
        input_dim: number of features, from the data set.
        threshold: where a probability becomes a decision, from the data set.
        folds: validation folds of the train tracks, stratified by list.
        C: inverse strength of the L2 penalty.

    Raises:
        ValueError: fewer than two folds.

    Source: document 2, section 10, "to try including and excluding various features"; the
    procedure is ours.
    """

    coefficients: Tensor
    intercept: Tensor
    dropped: Tensor
    step_loss: Tensor
    step_deviation: Tensor

    def __init__(
        self, input_dim: int, threshold: str = "half", folds: Count = 5, C: Positive = 1.0
    ) -> None:
        super().__init__(threshold)
        if folds < 2:
            raise ValueError(f"model.folds must be 2 or more, got {folds}")
        self.save_hyperparameters(logger=False)
        self.folds, self.C = folds, C
        self.register_buffer("coefficients", torch.zeros(input_dim, dtype=torch.float64))
        self.register_buffer("intercept", torch.zeros((), dtype=torch.float64))
        self.register_buffer("dropped", torch.full((input_dim - 1,), -1))
        self.register_buffer("step_loss", torch.zeros(input_dim, dtype=torch.float64))
        self.register_buffer("step_deviation", torch.zeros(input_dim, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability (B,) of the positive list, of features x (B, input_dim)."""
        return (x.double() @ self.coefficients + self.intercept).sigmoid().float()

    def selection_path(self) -> SelectionPath:
        """Return the order in which features went, and the validation loss after each."""
        return SelectionPath(self.dropped, self.step_loss, self.step_deviation, self.folds)

    def solve(self, batch: Batch) -> None:
        """Select on validation folds of the batch, the train split, and fit what is kept on it.

        Raises:
            ConfigError: a list has fewer tracks than there are folds.
        """
        x, target, weight = (batch[name].cpu().numpy() for name in ("x", "target", "weight"))
        rows = np.lexsort((*x.T, target))  # folds do not depend on the order of the batch
        x, target, weight = x[rows].astype("float64"), target[rows], weight[rows]
        fewest = int(min(target.sum(), len(target) - target.sum()))
        if fewest < self.folds:
            raise ConfigError(
                f"a list has {fewest} train tracks, model.folds is {self.folds}; set it lower"
            )
        parts = StratifiedKFold(self.folds, shuffle=True, random_state=0)
        folds = list(parts.split(x, target))
        kept, dropped = list(range(x.shape[1])), []
        sets, losses = [kept], [self._fold_losses(folds, x, target, weight)]
        while len(kept) > 1:
            rests = [[other for other in kept if other != feature] for feature in kept]
            tried = [self._fold_losses(folds, x[:, rest], target, weight) for rest in rests]
            best = int(np.argmin([loss.mean() for loss in tried]))
            dropped.append(kept[best])
            kept = rests[best]
            sets.append(kept)
            losses.append(tried[best])
        mean = np.array([loss.mean() for loss in losses])
        spread = np.array([loss.std(ddof=1) for loss in losses])
        self.dropped.copy_(torch.tensor(dropped))
        self.step_loss.copy_(torch.from_numpy(mean))
        self.step_deviation.copy_(torch.from_numpy(spread))
        self._fit(x, target, weight, sets[int(mean.argmin())])

    def _fit(
        self, x: np.ndarray, target: np.ndarray, weight: np.ndarray, chosen: Sequence[int]
    ) -> None:
        fit = LogisticRegression(C=self.C).fit(x[:, chosen], target, sample_weight=weight)
        self.coefficients.zero_()
        self.coefficients[list(chosen)] = torch.from_numpy(fit.coef_[0]).to(self.coefficients)
        self.intercept.fill_(float(fit.intercept_[0]))

    def _fold_losses(
        self,
        folds: Sequence[tuple[np.ndarray, np.ndarray]],
        x: np.ndarray,
        target: np.ndarray,
        weight: np.ndarray,
    ) -> np.ndarray:
        """Return the log loss of each validation fold, shape (folds,)."""
        losses = []
        for train, val in folds:
            fit = LogisticRegression(C=self.C).fit(x[train], target[train], weight[train])
            probability = fit.predict_proba(x[val])[:, 1]
            losses.append(log_loss(target[val], probability, sample_weight=weight[val]))
        return np.array(losses)
