"""What models of several standardised outputs share: the loss, and the prediction column."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from muso_exp.models.base import Model
from muso_exp.options import NotNegative, Positive
from muso_exp.records import Batch

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}


class Regressor(Model):
    """A network from a vector to several numbers, descended by Adam on the mean squared error.

    A subclass sets `net`.

    Args:
        lr: learning rate.
        weight_decay: of all weights, decoupled from the gradient (AdamW).

    Raises:
        ValueError: a learning rate that is not positive.
    """

    net: nn.Sequential

    def __init__(self, lr: Positive, weight_decay: NotNegative) -> None:
        super().__init__()
        if not lr > 0:
            raise ValueError(f"model.lr must be > 0, got {lr}")
        self.lr, self.weight_decay = lr, weight_decay

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (B, n_outputs) of vectors x (B, n_inputs)."""
        return self.net(x)

    def loss(self, batch: Batch) -> Tensor | None:
        """Return the mean squared error over rows and outputs, shape ()."""
        return mse_loss(self(batch["x"]), batch["target"])

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `preds` (B, n_outputs)."""
        return {"preds": self(batch["x"])}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam, fused: one pass over the weights."""
        weights = self.parameters()
        return torch.optim.AdamW(weights, lr=self.lr, weight_decay=self.weight_decay, fused=True)


def activation(name: str) -> nn.Module:
    """Return an activation by its name.

    Raises:
        ValueError: none of that name.
    """
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"model.activations must be of {known}, got {name!r}")
    return ACTIVATIONS[name]()


def require_dropout(dropout: float) -> None:
    """Raise ValueError unless `dropout` is a share below 1."""
    if not 0 <= dropout < 1:
        raise ValueError(f"model.dropout must be >= 0 and < 1, got {dropout}")


def require_sizes(hidden_sizes: Sequence[int], activations: Sequence[str]) -> None:
    """Raise ValueError unless each hidden layer has at least one unit and its own activation."""
    if len(hidden_sizes) != len(activations) or min(hidden_sizes, default=0) < 1:
        raise ValueError(
            "model.hidden_sizes: a size >= 1 and one of model.activations for each hidden layer, "
            f"got {list(hidden_sizes)} and {list(activations)}"
        )
