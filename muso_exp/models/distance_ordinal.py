"""Degrees of separation as ordered classes: one score per pair, ordered thresholds."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from muso_exp.models.distance_net import Decision, PairClassifier, dense
from muso_exp.options import Count, NotNegative, Positive, Share

PACE = 10.0  # thresholds have far to go and few steps: Adam moves them this much faster
MIN_GAP = 1e-4  # between thresholds, so that no class gets log-probability -inf


class OrderedClasses(nn.Module):
    """Proportional odds: P(class <= k) = sigmoid(threshold_k - score), thresholds ascending.

    Args:
        n_classes: number of ordered classes, >= 2.

    Raises:
        ValueError: fewer than two classes.

    Source: McCullagh 1980, "Regression models for ordinal data". Deviation: the distances between
    thresholds are softplus of free parameters, which keeps them ascending.
    """

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        if n_classes < 2:
            raise ValueError(f"ordered classes need n_classes >= 2, got {n_classes}")
        quantiles = torch.arange(1, n_classes) / n_classes
        thresholds = quantiles.logit()  # (n_classes - 1,): a uniform prior at score 0
        self.first = nn.Parameter(thresholds[:1] / PACE)
        self.steps = nn.Parameter((thresholds.diff() - MIN_GAP).expm1().log() / PACE)

    def gaps(self) -> Tensor:
        """Return the distances between neighbouring thresholds, > 0, shape (n_classes - 2,)."""
        return MIN_GAP + softplus(PACE * self.steps)  # __init__ starts from its inverse

    def thresholds(self) -> Tensor:
        """Return the thresholds, ascending, shape (n_classes - 1,)."""
        first = PACE * self.first
        return torch.cat([first, first + self.gaps().cumsum(dim=0)])

    def forward(self, score: Tensor) -> Tensor:
        """Return the log-probabilities (B, n_classes) of scores (B, 1); a high score is far.

        With a < b the bounds of a class: sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a)
        (1 - exp(a - b)), of which the log is stable.
        """
        bounds = self.thresholds() - score  # (B, n_classes - 1)
        below = nn.functional.pad(logsigmoid(bounds), (0, 1))  # (B, n_classes): log sigmoid(b)
        above = nn.functional.pad(logsigmoid(-bounds), (1, 0))  # (B, n_classes): log sigmoid(-a)
        inner = torch.log(-torch.expm1(-self.gaps()))  # (n_classes - 2,)
        return below + above + nn.functional.pad(inner, (1, 1))


class DistanceOrdinal(PairClassifier):
    """The document's network with one output, a score of distance, cut by ordered thresholds.

    To be one degree off costs less than to be ten off, and n_classes outputs become one.

    Args:
        input_dim: length of a pair's vector, from the data set.
        n_classes: largest DOS of the train pairs, from the data set.
        hidden_sizes: widths of the hidden layers.
        dropout: share of outputs dropped after each hidden layer.
        lr: learning rate of Adam.
        weight_decay: decoupled weight decay.
        decide: `median` or `argmax`, see `muso_exp.models.distance_net.decide`.

    Source: hidden layers from MuSo, "Model Architecture and Training". Deviation: ordered classes;
    wished for as a repair, in no document.
    """

    def __init__(
        self,
        input_dim: int,
        n_classes: int,
        hidden_sizes: Sequence[Count] = (8192, 4096, 2048, 1024, 512, 256, 128),
        dropout: Share = 0.5,
        lr: Positive = 1e-4,
        weight_decay: NotNegative = 0.0,
        decide: Decision = "median",
    ) -> None:
        super().__init__(lr, weight_decay, decide)
        self.save_hyperparameters(logger=False)
        self.net = dense([input_dim, *hidden_sizes, 1], dropout)
        self.classes = OrderedClasses(n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the log-probabilities (B, n_classes) of pair vectors x (B, input_dim)."""
        return self.classes(self.net(x))
