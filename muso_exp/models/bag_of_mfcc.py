"""A bag of cepstral coefficients under a linear model: what a network on sound has to beat."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from muso_exp.features.tag_probe import solve_tags
from muso_exp.models.audio import COLUMNS, HEADS
from muso_exp.models.base import Solver
from muso_exp.models.frontends import MFCC, MelOptions
from muso_exp.options import Count, NotNegative, Positive
from muso_exp.records import Batch


class BagOfMFCC(Solver):
    """Mean and covariance of the cepstral coefficients of a window, into a linear model.

    The order of the frames is forgotten: of 39 coefficients (13, first and second differences)
    39 means and the 780 covariances of the upper triangle remain, 819 numbers, standardised by the
    train windows. Ridge regression for heads `factors` and `regression`, one logistic regression
    for each tag, multinomial logistic regression for genres; all train windows are collected, and
    the model is solved at the last batch of each epoch. Predictions are averaged over the windows
    of a clip.

    Args:
        head: from the data set, see `muso_exp.models.audio.AudioModel`.
        n_outputs: from the data set.
        sample_rate: in Hz, from the data set.
        n_mfcc: coefficients without differences.
        precise: see `muso_exp.models.frontends.MelOptions`.
        alpha: L2 penalty of the ridge regression on the standardised numbers, per train window.
        C: inverse strength of the L2 penalty of the logistic regressions.
        max_iter: at most so many iterations of the logistic regressions' solver.

    Attributes:
        embedding_dim: length of the vector of means and covariances.

    Raises:
        ValueError: an unknown head; no outputs; alpha or C not positive; fewer than two genres.

    Source: document 5, section V-D (the 39 coefficients); van den Oord et al. 2013, section 5.2
    (linear regression on a bag of words). Deviation: mean and covariance instead of counts of
    quantised frames.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor
    nonfinite_buffers = ("bias",)  # -inf: a genre without train rows

    def __init__(
        self,
        head: str,
        n_outputs: int,
        sample_rate: int,
        n_mfcc: Count = 13,
        precise: bool = True,
        alpha: NotNegative = 1.0,
        C: Positive = 0.01,
        max_iter: Count = 200,
    ) -> None:
        super().__init__()
        if head not in HEADS:
            raise ValueError(f"head must be one of {', '.join(HEADS)}, got {head!r}")
        if n_outputs < 1:
            raise ValueError(f"n_outputs must be at least 1, got {n_outputs}")
        if not (alpha > 0 and C > 0):
            raise ValueError(f"model.alpha and model.C must be > 0, got {alpha} and {C}")
        self.save_hyperparameters(logger=False)
        self.head, self.n_outputs = head, n_outputs
        self.alpha, self.C, self.max_iter = alpha, C, max_iter
        self.mfcc = MFCC(sample_rate, n_mfcc, MelOptions(precise=precise))
        size = self.mfcc.n_coefficients
        self.embedding_dim = size + size * (size + 1) // 2
        self.register_buffer("mean", torch.zeros(self.embedding_dim))
        self.register_buffer("scale", torch.ones(self.embedding_dim))
        self.register_buffer("weight", torch.zeros(n_outputs, self.embedding_dim))
        self.register_buffer("bias", torch.zeros(n_outputs))
        self._bags: list[Tensor] = []
        self._targets: list[Tensor] = []

    def bag(self, x: Tensor) -> Tensor:
        """Return means and upper covariances (B, 819) of the coefficients of windows x (B, S)."""
        with torch.autocast(x.device.type, enabled=False):  # what is solved exactly is applied so
            return moments(self.mfcc(x))

    def forward(self, x: Tensor) -> Tensor:
        """Return the head's outputs (B, n_outputs), averaged over windows, of x (B, [W,] S)."""
        return self._outputs(self._logits(self._embed(x))).mean(dim=1)

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the head's column, (B, n_outputs), see `AudioModel`."""
        return {COLUMNS[self.head]: self(batch["x"])}

    def embedding(self, x: Tensor) -> Tensor:
        """Return the standardised bag of x (B, [W,] S), averaged over windows, shape (B, 819)."""
        return self._embed(x).mean(dim=1)

    def loss(self, batch: Batch) -> Tensor:
        """Return the head's loss of validation and test rows, the mean over windows, shape ()."""
        logits = self._logits(self._embed(batch["x"]))  # (B, W, n_outputs)
        each = batch["target"].repeat_interleave(logits.shape[1], dim=0)
        if self.head == "genres":
            return cross_entropy(logits.flatten(0, 1), each.long())
        if self.head == "tags":
            return binary_cross_entropy_with_logits(logits.flatten(0, 1), each.float())
        return mse_loss(logits.flatten(0, 1), each.float())

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect the windows of the batch; solve at the last one."""
        if batch_idx == 0:
            self._bags, self._targets = [], []
        windows = _windows(batch["x"])  # (B, W, S)
        self._bags.append(self.bag(windows.flatten(0, 1)).cpu())
        self._targets.append(batch["target"].repeat_interleave(windows.shape[1], dim=0).cpu())
        if self.trainer.is_last_batch:
            self._solve(torch.cat(self._bags).double().numpy(), torch.cat(self._targets).numpy())
            self._bags, self._targets = [], []

    def _solve(self, bags: np.ndarray, target: np.ndarray) -> None:
        """Solve on bags (n, 819) and targets (n, ...), and keep the solution in the buffers."""
        scaler = StandardScaler().fit(bags)
        x = scaler.transform(bags)
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
        """Return the standardised bags (B, W, 819) of x (B, [W,] S)."""
        windows = _windows(x)  # (B, W, S)
        bags = self.bag(windows.flatten(0, 1)).unflatten(0, windows.shape[:2])
        return (bags - self.mean) / self.scale

    def _logits(self, embedded: Tensor) -> Tensor:
        with torch.autocast(embedded.device.type, enabled=False):
            return embedded @ self.weight.T + self.bias  # (B, W, n_outputs)

    def _outputs(self, logits: Tensor) -> Tensor:
        if self.head == "tags":
            return logits.sigmoid()
        return logits.softmax(dim=-1) if self.head == "genres" else logits


def moments(series: Tensor) -> Tensor:
    """Return mean and covariance of each series' rows over time.

    Args:
        series: C rows over T frames, shape (B, C, T).

    Returns:
        C means, then the upper triangle of the covariance (divided by T) row by row, shape
        (B, C + C (C + 1) / 2).
    """
    mean = series.mean(dim=2)  # (B, C)
    centred = series - mean[:, :, None]
    covariance = centred @ centred.transpose(1, 2) / series.shape[2]  # (B, C, C)
    rows, columns = torch.triu_indices(*covariance.shape[1:], device=series.device)
    return torch.cat([mean, covariance[:, rows, columns]], dim=1)


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
