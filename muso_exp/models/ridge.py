"""Ridge regression: what a linear model makes of the same inputs, solved exactly."""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from muso_exp.errors import ConfigError
from muso_exp.features.ridge import RidgeSolution, fit_ridge
from muso_exp.models.base import Solver
from muso_exp.options import Positive
from muso_exp.records import Batch

STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0, 30.0, 100.0)

log = logging.getLogger(__name__)


class Ridge(Solver):
    """Linear outputs with an L2 penalty, each of the strength that leave-one-out chooses.

    See `muso_exp.features.ridge.fit_ridge`.

    Args:
        n_inputs: length of a vector, from the data set.
        n_outputs: number of outputs, from the data set.
        strengths: penalties to choose from, as shares of a row's mean squared length.

    Raises:
        ConfigError: no strength, or one that is not positive.

    Source: none of the documents: the strong rung of the null ladder. Deviation: none.
    """

    weight: Tensor
    bias: Tensor
    strength: Tensor

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        strengths: Sequence[Positive] = STRENGTHS,
    ) -> None:
        super().__init__()
        if not strengths or not min(strengths) > 0:
            raise ConfigError(f"model.strengths: positive numbers needed, got {list(strengths)}")
        self.save_hyperparameters(logger=False)
        self.strengths = np.array(sorted(strengths))
        self.register_buffer("weight", torch.zeros(n_inputs, n_outputs))
        self.register_buffer("bias", torch.zeros(n_outputs))
        self.register_buffer("strength", torch.zeros(n_outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (B, n_outputs) of vectors x (B, n_inputs)."""
        return x @ self.weight + self.bias

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean squared error over rows and outputs, shape ()."""
        return mse_loss(self(batch["x"]), batch["target"])

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `preds` (B, n_outputs)."""
        return {"preds": self(batch["x"])}

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Solve on the batch, which must be the whole train split.

        Raises:
            ConfigError: the split comes in several batches, or there is nothing to learn from.
        """
        n_batches = self.trainer.num_training_batches
        if n_batches != 1:
            raise ConfigError(
                f"ridge regression is solved on the whole train split, got it in {n_batches} "
                "batches; set dataset.batch_size=0"
            )
        x, target = batch["x"].cpu().numpy(), batch["target"].cpu().numpy()
        try:
            solution = fit_ridge(x, target, self.strengths)
        except ValueError as error:
            raise ConfigError(f"ridge regression: {error}") from error
        self._keep(solution)

    def _keep(self, solution: RidgeSolution) -> None:
        self.weight.copy_(torch.from_numpy(solution.weight))
        self.bias.copy_(torch.from_numpy(solution.bias))
        self.strength.copy_(torch.from_numpy(solution.strength))
        error = float(solution.left_out.min(axis=0).mean())
        listed = ", ".join(f"{strength:g}" for strength in solution.strength)
        log.info("leave-one-out chose the strengths %s: squared error %.4f", listed, error)
        self._log_loss("train/left_out", torch.tensor(error), 1)
