"""How many threads train: a small step is done by one."""

from typing import Any

import pytorch_lightning as pl
import torch
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor, nn

GRAIN = 2**15  # elements from which on torch's loops are shared out among threads


class StepThreads(pl.Callback):
    """Train a small net on one thread, whatever the machine has; all threads are back afterwards.

    A fused optimiser wakes every thread for some hundred numbers and waits for the last of them:
    where other work holds a core, that is nearly all of the time of a small net's training.
    """

    def __init__(self) -> None:
        self.usual: int | None = None

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Look at the first batch."""
        if self.usual is not None or pl_module.device.type != "cpu":
            return
        self.usual = torch.get_num_threads()
        if is_small(pl_module, batch):
            torch.set_num_threads(1)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give the threads back."""
        self._restore()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Give the threads back."""
        self._restore()

    def _restore(self) -> None:
        if self.usual is not None:
            torch.set_num_threads(self.usual)
        self.usual = None


def is_small(model: nn.Module, batch: Any) -> bool:
    """Return whether no tensor of a step has `GRAIN` elements: batch, weights, layers' outputs.

    A solver, which has no weights to descend on, is not small: its step is the whole training.
    """
    sizes: list[torch.Size] = []
    apply_to_collection(batch, Tensor, lambda tensor: sizes.append(tensor.shape))
    weights = [weight.shape for weight in model.parameters() if weight.requires_grad]
    rows = max((size[0] for size in sizes if len(size)), default=1)
    widest = max((max(size, default=1) for size in weights), default=1)
    largest = max((size.numel() for size in (*sizes, *weights)), default=1)
    return bool(weights) and max(largest, rows * widest) < GRAIN
