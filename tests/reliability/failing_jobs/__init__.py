"""A plugin whose callback ends a job in the midst of its training."""

import os
import signal
import sys

import pytorch_lightning as pl
import torch
from undrawn import draw_none

draw_none()  # in jobs of a cluster too, which import all anew


class Fails(pl.Callback):
    """Ends the job after its second epoch, in the way that `how` names."""

    def __init__(self, how: str) -> None:
        self.how = how

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 2:
            getattr(self, self.how)(trainer, pl_module)

    def none(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        pass

    def error(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        raise RuntimeError("of its own")

    def leave(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        sys.exit(7)

    def vanish(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        os._exit(7)

    def sigkill(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def sigterm(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def memory(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        bytearray(2**50)

    def nonfinite(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        with torch.no_grad():
            next(module.parameters()).fill_(torch.nan)

    def preempted(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """As SLURM does to a job: once, since the training that goes on begins after this epoch."""
        if trainer.ckpt_path is None:
            os.kill(os.getpid(), signal.SIGUSR2)
