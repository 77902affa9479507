"""Which tags does a vector know? The logistic regressions of `tag_probe`, solved exactly."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from muso_exp.errors import ConfigError
from muso_exp.models.base import Batch, Solver


class TagProbeExact(Solver):
    """Logistic regression for each tag, at its optimum, in one step over all rows.

    Vectors are scaled by train mean and standard deviation, so that the penalty means the same for
    any factors. A tag that all or no train rows have keeps its prior (with one half added).

    Args:
        input_dim: length of a vector, from the data set.
        n_tags: number of tags, from the data set.
        C: inverse strength of the L2 penalty on the scaled vectors, > 0.
        max_iter: at most so many Newton steps.

    Raises:
        ConfigError: C is not positive.

    Source: the model of thesis section 5.1. Deviation: its optimum, with a slight penalty, where
    the thesis stopped early.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, input_dim: int, n_tags: int, C: float = 1.0, max_iter: int = 100) -> None:
        super().__init__()
        if not C > 0:
            raise ConfigError(f"model.C must be > 0, got {C}")
        self.save_hyperparameters(logger=False)
        self.C = C
        self.max_iter = max_iter
        self.register_buffer("weight", torch.zeros(n_tags, input_dim))
        self.register_buffer("bias", torch.zeros(n_tags))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Solve every tag."""
        x = batch["x"].cpu().double().numpy()
        target = batch["target"].cpu().numpy() > 0
        scaler = StandardScaler().fit(x)
        solved = np.array([self._solve(scaler.transform(x), tag) for tag in target.T])
        weight = solved[:, :-1] / scaler.scale_  # (n_tags, input_dim)
        self.weight.copy_(torch.from_numpy(weight))
        self.bias.copy_(torch.from_numpy(solved[:, -1] - weight @ scaler.mean_))

    def _solve(self, x: np.ndarray, has_tag: np.ndarray) -> np.ndarray:
        """Return weights and bias of one tag, shape (input_dim + 1,)."""
        if has_tag.all() or not has_tag.any():
            odds = (has_tag.sum() + 0.5) / ((~has_tag).sum() + 0.5)
            return np.append(np.zeros(x.shape[1]), np.log(odds))
        solution = LogisticRegression(C=self.C, solver="newton-cholesky", max_iter=self.max_iter)
        solution.fit(x, has_tag)
        return np.append(solution.coef_, solution.intercept_)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B, n_tags) of vectors x (B, input_dim)."""
        return x @ self.weight.T + self.bias

    def loss(self, batch: Batch) -> Tensor:
        """Return the cross-entropy in nats, the mean over rows and tags, shape ()."""
        return binary_cross_entropy_with_logits(self(batch["x"]), batch["target"].float())

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the probability of each tag as `scores` (B, n_tags)."""
        return {"scores": self(batch["x"]).sigmoid()}
