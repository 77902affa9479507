"""Which tags does a vector know? The logistic regressions of `tag_probe`, solved exactly."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from muso_exp.errors import ConfigError
from muso_exp.features.tag_probe import solve_tags
from muso_exp.models.base import Solver
from muso_exp.options import Count, Positive
from muso_exp.records import Batch


class TagProbeExact(Solver):
    """Logistic regression for each tag, at its optimum, in one step over all rows.

    See `muso_exp.features.tag_probe.solve_tags`.

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

    def __init__(
        self, input_dim: int, n_tags: int, C: Positive = 1.0, max_iter: Count = 100
    ) -> None:
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
        x, target = batch["x"].cpu().numpy(), batch["target"].cpu().numpy()
        weight, bias = solve_tags(x, target, self.C, self.max_iter)
        self.weight.copy_(torch.from_numpy(weight))
        self.bias.copy_(torch.from_numpy(bias))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B, n_tags) of vectors x (B, input_dim)."""
        return x @ self.weight.T + self.bias

    def loss(self, batch: Batch) -> Tensor:
        """Return the cross-entropy in nats, the mean over rows and tags, shape ()."""
        return binary_cross_entropy_with_logits(self(batch["x"]), batch["target"].float())

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the probability of each tag as `scores` (B, n_tags)."""
        return {"scores": self(batch["x"]).sigmoid()}
