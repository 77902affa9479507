"""Degree of separation (DOS) of two users from their listening: the document's network."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from muso_exp.models.base import Model
from muso_exp.options import Count, NotNegative, Positive, Share
from muso_exp.records import Batch

Decision = Literal["argmax", "median"]


def decide(logits: Tensor, rule: Decision = "argmax") -> dict[str, Tensor]:
    """Turn class logits into the prediction columns of the DOS task.

    Args:
        logits: unnormalised log-probabilities of the classes DOS - 1, shape (B, n_classes).
        rule: `argmax` decides for the likeliest class, `median` for the first class at which the
            cumulative probability reaches one half (the least expected absolute error).

    Returns:
        `strategy` (B, n_classes), one-hot of the decided class, and `friend` (B,), the probability
        of DOS 1. A row with a NaN is decided as DOS 1 with `friend` 1, as the document's argmax
        over NaN outputs does.
    """
    probability = logits.softmax(dim=1)  # (B, n_classes)
    if rule == "median":
        decided = (probability.cumsum(dim=1) < 0.5).sum(dim=1)  # (B,)
        decided = decided.clamp(max=logits.shape[1] - 1)
    else:
        decided = logits.argmax(dim=1)  # (B,)
    undefined = logits.isnan().any(dim=1)
    decided = decided.masked_fill(undefined, 0)
    friend = probability[:, 0].masked_fill(undefined, 1.0)
    return {"strategy": one_hot(decided, logits.shape[1]).float(), "friend": friend}


def check_decision(rule: Decision) -> Decision:
    """Return `rule`, or raise ValueError if `decide` does not know it."""
    if rule not in ("argmax", "median"):
        raise ValueError(f"model.decide must be argmax or median, got {rule!r}")
    return rule


def dense(sizes: Sequence[int], dropout: float) -> nn.Sequential:
    """Return linear layers between `sizes`, with ReLU and dropout after each but the last."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers[:-2])


class PairClassifier(Model):
    """What every network for the DOS classes shares: `forward` returns logits (B, n_classes).

    Args:
        lr: learning rate of Adam.
        weight_decay: decoupled weight decay; 0 means none.
        rule: how a class is decided, see `decide`.

    Raises:
        ValueError: `rule` is not known, or `lr` is not > 0.
    """

    def __init__(self, lr: Positive, weight_decay: NotNegative, rule: Decision = "argmax") -> None:
        super().__init__()
        if not lr > 0:
            raise ValueError(f"model.lr must be > 0, got {lr}")
        self.lr = lr
        self.weight_decay = weight_decay
        self.rule = check_decision(rule)

    def loss(self, batch: Batch) -> Tensor:
        """Return the cross-entropy in nats, shape (); NaN if a row of the batch is NaN."""
        return cross_entropy(self(batch["x"]), batch["target"])

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `strategy` (B, n_classes) and `friend` (B,), see `decide`."""
        return decide(self(batch["x"]), self.rule)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam (AdamW without decay is Adam), fused: one pass over the memory."""
        return torch.optim.AdamW(
            self.parameters(), lr=self.lr, weight_decay=self.weight_decay, fused=True
        )


class DistanceNet(PairClassifier):
    """The document's fully connected network: eight layers, ReLU, dropout, cross-entropy.

    A NaN vector (a user without any known tag, under `nan: as_published`) gives NaN logits and is
    decided as DOS 1; in training it makes the loss and then every weight NaN, which `train/loss`
    shows. The published train users all have known tags.

    Args:
        input_dim: length of a pair's vector, from the data set.
        n_classes: largest DOS of the train pairs, from the data set.
        hidden_sizes: widths of the hidden layers.
        dropout: share of outputs dropped after each hidden layer.
        lr: learning rate of Adam.
        weight_decay: decoupled weight decay.

    Source: MuSo, "Model Architecture and Training". Deviation: none at the defaults.
    """

    def __init__(
        self,
        input_dim: int,
        n_classes: int,
        hidden_sizes: Sequence[Count] = (8192, 4096, 2048, 1024, 512, 256, 128),
        dropout: Share = 0.5,
        lr: Positive = 1e-4,
        weight_decay: NotNegative = 0.0,
    ) -> None:
        super().__init__(lr, weight_decay)
        self.save_hyperparameters(logger=False)
        self.net = dense([input_dim, *hidden_sizes, n_classes], dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B, n_classes) of pair vectors x (B, input_dim)."""
        return self.net(x)
