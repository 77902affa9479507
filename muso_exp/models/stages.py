"""Learning rates in stages: a smaller one each time that the validation loss stands still."""

import math
from typing import Literal

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

Progress = Literal["better", "waiting", "next stage", "over"]


class StagedLR(LRScheduler):
    """Learning rate `lr * factor^stage / (1 + decay * steps)`, with steps counted in the stage.

    `step` is called after each training step, `progress` after each validation.

    Args:
        optimizer: its groups' `lr` are those of the first stage.
        n_stages: stages in all, at least 1.
        factor: of the learning rate from a stage to the next.
        patience: epochs without progress that end a stage; 0: the first stage never ends.
        decay: of the learning rate within a stage, per step.

    Source: thesis section 6.1 (stages) and the training code that it adapted: factor 0.2, 5 stages,
    patience 3, decay 1e-6; each stage starts a best loss and a count of steps of its own.
    """

    def __init__(
        self, optimizer: Optimizer, n_stages: int, factor: float, patience: int, decay: float
    ) -> None:
        self.n_stages, self.factor, self.patience, self.decay = n_stages, factor, patience, decay
        self.stage, self.steps, self.waited, self.best = 0, -1, 0, math.inf
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """Return the learning rate of each parameter group."""
        scale = self.factor**self.stage / (1 + self.decay * self.steps)
        return [lr * scale for lr in self.base_lrs]

    def step(self, epoch: int | None = None) -> None:
        """Count a training step and set the learning rate of the next one."""
        self.steps += 1
        super().step()

    def progress(self, loss: float) -> Progress:
        """Take in a validation loss, and say whether a stage ends here.

        Args:
            loss: validation loss of the epoch; NaN is no progress.

        Returns:
            `better`: the lowest of this stage; `waiting`: not yet out of patience; `next stage`:
            the learning rate is lower from here on; `over`: there is no stage left.
        """
        if loss < self.best:
            self.best, self.waited = loss, 0
            return "better"
        self.waited += 1
        if self.patience == 0 or self.waited < self.patience:
            return "waiting"
        if self.stage + 1 == self.n_stages:
            return "over"
        self.stage, self.steps, self.waited, self.best = self.stage + 1, -1, 0, math.inf
        self.step()
        return "next stage"
