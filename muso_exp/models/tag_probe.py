"""Which tags does a vector know? One dense layer, trained as the thesis trained it."""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from muso_exp.models.base import Model
from muso_exp.options import Positive
from muso_exp.records import Batch


class TagProbe(Model):
    """Logistic regression for each tag, on raw vectors, by RMSprop.

    The thesis stops early: at most 20 epochs in batches of 32, until the validation loss does not
    improve from one epoch to the next (the trainer's and a callback's business).

    Args:
        input_dim: length of a vector, from the data set.
        n_tags: number of tags, from the data set.
        lr: learning rate.

    Raises:
        ValueError: `lr` is not > 0.

    Source: thesis section 5.1 and its code. Deviation: none; start and constants of
    RMSprop are those of the library it used (Keras): Glorot-uniform, rho 0.9, epsilon 1e-7.
    """

    def __init__(self, input_dim: int, n_tags: int, lr: Positive = 1e-3) -> None:
        super().__init__()
        if not lr > 0:
            raise ValueError(f"model.lr must be > 0, got {lr}")
        self.save_hyperparameters(logger=False)
        self.lr = lr
        self.dense = nn.Linear(input_dim, n_tags)
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B, n_tags) of vectors x (B, input_dim)."""
        return self.dense(x)

    def loss(self, batch: Batch) -> Tensor:
        """Return the cross-entropy in nats, the mean over rows and tags, shape ()."""
        return binary_cross_entropy_with_logits(self(batch["x"]), batch["target"].float())

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the probability of each tag as `scores` (B, n_tags)."""
        return {"scores": self(batch["x"]).sigmoid()}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return RMSprop with Keras' constants."""
        return torch.optim.RMSprop(self.parameters(), lr=self.lr, alpha=0.9, eps=1e-7)
