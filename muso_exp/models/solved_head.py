"""A linear model, solved exactly, on top of fixed numbers that describe a window of sound."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from muso_exp.features.tag_probe import solve_tags
from muso_exp.models.audio import COLUMNS, check_head, head_loss, head_outputs
from muso_exp.models.base import Solver
from muso_exp.options import Count, NotNegative, Positive
from muso_exp.records import Batch


class SolvedHead(Solver):
    """Fixed numbers of a window, standardised by the train windows, into a linear model.

    A subclass implements `describe`. Ridge regression for heads `factors` and `regression`, one
    logistic regression for each tag, multinomial logistic regression for genres; all train windows
    are collected, and the model is solved at the last batch of each epoch. Predictions are averaged
    over the windows of a clip. Of head `factors` or `regression` what is known of a target before,
    `offset` (B, n_outputs) in a batch, is taken off it to solve, and added to the outputs.

    Args:
        head: from the data set, see `muso_exp.models.audio.AudioModel`.
        n_outputs: from the data set.
        embedding_dim: how many numbers describe a window.
        alpha: L2 penalty of the ridge regression on the standardised numbers, per train window.
        C: inverse strength of the L2 penalty of the logistic regressions.
        max_iter: at most so many iterations of the logistic regressions' solver.

    Attributes:
        embedding_dim: as given.

    Raises:
        ValueError: an unknown head; no outputs; alpha or C not positive; fewer than two genres.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor
    nonfinite_buffers: ClassVar[tuple[str, ...]] = ("bias",)  # -inf: a genre without train rows

    def __init__(
        self,
        head: str,
        n_outputs: int,
        embedding_dim: int,
        alpha: NotNegative,
        C: Positive,
        max_iter: Count,
    ) -> None:
        super().__init__()
        check_head(head, n_outputs)
        if not (alpha > 0 and C > 0):
            raise ValueError(f"model.alpha and model.C must be > 0, got {alpha} and {C}")
        self.head, self.n_outputs, self.embedding_dim = head, n_outputs, embedding_dim
        self.alpha, self.C, self.max_iter = alpha, C, max_iter
        self.register_buffer("mean", torch.zeros(embedding_dim))
        self.register_buffer("scale", torch.ones(embedding_dim))
        self.register_buffer("weight", torch.zeros(n_outputs, embedding_dim))
        self.register_buffer("bias", torch.zeros(n_outputs))
        self._described: list[Tensor] = []
        self._targets: list[Tensor] = []

    @abstractmethod
    def describe(self, x: Tensor) -> Tensor:
        """Return the numbers (B, embedding_dim) of windows x (B, S)."""
        raise TypeError(f"{type(self).__name__} does not implement describe")

    def forward(self, x: Tensor) -> Tensor:
        """Return the head's outputs (B, n_outputs), averaged over windows, of x (B, [W,] S)."""
        return head_outputs(self.head, self._logits(self._embed(x))).mean(dim=1)

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the head's column, (B, n_outputs), see `AudioModel`."""
        return self._columns(self._with_offset(batch))

    def embedding(self, x: Tensor) -> Tensor:
        """Return the standardised numbers of x (B, [W,] S), averaged over windows, (B, D)."""
        return self._embed(x).mean(dim=1)

    def loss(self, batch: Batch) -> Tensor:
        """Return the head's loss of validation and test rows, the mean over windows, shape ()."""
        return head_loss(self.head, self._with_offset(batch), batch["target"])

    def _judged(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        logits = self._with_offset(batch)
        return self._columns(logits), head_loss(self.head, logits, batch["target"])

    def _columns(self, logits: Tensor) -> dict[str, Tensor]:
        return {COLUMNS[self.head]: head_outputs(self.head, logits).mean(dim=1)}

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect the windows of the batch; solve at the last one."""
        if batch_idx == 0:
            self._described, self._targets = [], []
        windows = _windows(batch["x"])  # (B, W, S)
        self._described.append(self.describe(windows.flatten(0, 1)).cpu())
        target = batch["target"] - batch["offset"] if "offset" in batch else batch["target"]
        self._targets.append(target.repeat_interleave(windows.shape[1], dim=0).cpu())
        if self.trainer.is_last_batch:
            x = torch.cat(self._described).double().numpy()
            self._solve(x, torch.cat(self._targets).numpy())
            self._described, self._targets = [], []

    def _solve(self, x: np.ndarray, target: np.ndarray) -> None:
        """Solve on numbers x (n, D) and targets (n, ...), and keep the solution in the buffers."""
        scaler = StandardScaler().fit(x)
        x = scaler.transform(x)
        if self.head == "genres":
            weight, bias = _solve_genres(x, target, self.n_outputs, self.C, self.max_iter)
        elif self.head == "tags":
            weight, bias = solve_tags(x, target, self.C, self.max_iter)
        else:
            solution = Ridge(alpha=self.alpha * len(x)).fit(x, target.astype(np.float64))
            weight = np.atleast_2d(solution.coef_)
            bias = np.broadcast_to(solution.intercept_, self.n_outputs)
        for name, value in (
            ("mean", scaler.mean_),
            ("scale", scaler.scale_),
            ("weight", weight),
            ("bias", bias),
        ):
            getattr(self, name).copy_(torch.tensor(value))

    def _embed(self, x: Tensor) -> Tensor:
        """Return the standardised numbers (B, W, D) of x (B, [W,] S)."""
        windows = _windows(x)  # (B, W, S)
        found = self.describe(windows.flatten(0, 1)).unflatten(0, windows.shape[:2])
        return (found - self.mean) / self.scale

    def _logits(self, embedded: Tensor) -> Tensor:
        with torch.autocast(embedded.device.type, enabled=False):
            return embedded @ self.weight.T + self.bias  # (B, W, n_outputs)

    def _with_offset(self, batch: Batch) -> Tensor:
        """Return the logits of a batch (B, W, n_outputs), what is known before added."""
        logits = self._logits(self._embed(batch["x"]))
        return logits if "offset" not in batch else logits + batch["offset"][:, None]


def _windows(x: Tensor) -> Tensor:
    return x if x.ndim == 3 else x[:, None]  # (B, W, S)


def _solve_genres(
    x: np.ndarray, target: np.ndarray, n_genres: int, C: float, max_iter: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (n_genres, D) and biases (n_genres,); an absent genre has bias -inf.

    Raises:
        ValueError: fewer than two genres among the train rows.
    """
    present = np.unique(target)
    if len(present) < 2:
        raise ValueError(f"two genres are needed, got {len(present)} in {len(x)} train windows")
    solution = LogisticRegression(C=C, max_iter=max_iter).fit(x, target)
    weight, bias = np.zeros((n_genres, x.shape[1])), np.full(n_genres, -np.inf)
    bias[present] = 0.0
    rows = present[-len(solution.coef_) :]  # of two genres one row is solved, the other is 0
    weight[rows], bias[rows] = solution.coef_, solution.intercept_
    return weight, bias
