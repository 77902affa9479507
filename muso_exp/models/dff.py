"""The deep feed-forward network of document 2, and its variants."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from muso_exp.models.binary import BinaryClassifier
from muso_exp.options import Count, NotNegative, Positive, Share
from muso_exp.records import Batch

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


class DFF(BinaryClassifier):
    """Linear layers with an activation each, the last one a sigmoid: 12-36-36-1 at the defaults.

    Args:
        input_dim: number of features, from the data set.
        threshold: where a probability becomes a decision, from the data set.
        hidden_sizes: widths of the hidden layers.
        activations: of each hidden layer: `relu`, `sigmoid` or `tanh`.
        batch_norm: normalise the batch after each linear layer, the last one included.
        dropout: share of outputs dropped after each hidden layer.
        loss: `bce`, binary cross-entropy, or `mse`, squared error of the probability.
        optimizer: `adam` or `sgd`, without momentum.
        lr: learning rate.
        weight_decay: L2 penalty on all weights.

    Raises:
        ValueError: a name that is not known, not one activation for each hidden layer, or `lr` is
            not > 0.

    Source: document 2, section 4 (network) and 5 (training). Deviation: the loss is computed from
    the logits of the last sigmoid, which is the same number without overflow; Adam is fused.
    """

    def __init__(
        self,
        input_dim: int,
        threshold: str = "half",
        hidden_sizes: Sequence[Count] = (36, 36),
        activations: Sequence[str] = ("relu", "sigmoid"),
        batch_norm: bool = False,
        dropout: Share = 0.0,
        loss: str = "bce",
        optimizer: str = "adam",
        lr: Positive = 1e-3,
        weight_decay: NotNegative = 0.0,
    ) -> None:
        super().__init__(threshold)
        _require("loss", loss, ("bce", "mse"))
        _require("optimizer", optimizer, ("adam", "sgd"))
        for name in activations:
            _require("activations", name, tuple(ACTIVATIONS))
        if not lr > 0:
            raise ValueError(f"model.lr must be > 0, got {lr}")
        if len(activations) != len(hidden_sizes):
            raise ValueError(
                f"model.activations: one for each of {len(hidden_sizes)} hidden layers is needed, "
                f"got {len(activations)}"
            )
        self.save_hyperparameters(logger=False)
        self.batch_norm, self.loss_name, self.optimizer_name = batch_norm, loss, optimizer
        self.lr, self.weight_decay = lr, weight_decay
        layers: list[nn.Module] = []
        for (n_in, n_out), name in zip(
            pairwise([input_dim, *hidden_sizes]), activations, strict=True
        ):
            layers += self._linear(n_in, n_out)
            layers += [ACTIVATIONS[name]()]
            layers += [nn.Dropout(dropout)] if dropout else []
        self.net = nn.Sequential(*layers, *self._linear([input_dim, *hidden_sizes][-1], 1))

    def logits(self, x: Tensor) -> Tensor:
        """Return what the last sigmoid is applied to, (B,), of features x (B, input_dim)."""
        return self.net(x)[:, 0]

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability (B,) of the positive list, of features x (B, input_dim)."""
        return self.logits(x).sigmoid()

    def loss(self, batch: Batch) -> Tensor | None:
        """Return the weighted mean loss of a batch, shape (); None of a row without company.

        The loss of one row cannot be learned from under batch normalisation.
        """
        if self.batch_norm and self.training and len(batch["x"]) == 1:
            return None
        logits, target, weight = self.logits(batch["x"]), batch["target"], batch["weight"]
        if self.loss_name == "bce":
            return binary_cross_entropy_with_logits(logits, target, weight)
        return (weight * (logits.sigmoid() - target) ** 2).mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam or plain SGD, fused: one pass over the weights."""
        kind = torch.optim.Adam if self.optimizer_name == "adam" else torch.optim.SGD
        return kind(self.parameters(), lr=self.lr, weight_decay=self.weight_decay, fused=True)

    def _linear(self, n_in: int, n_out: int) -> list[nn.Module]:
        norm = [nn.BatchNorm1d(n_out)] if self.batch_norm else []
        return [nn.Linear(n_in, n_out), *norm]


def _require(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"model.{option} must be one of {', '.join(choices)}, got {value!r}")
