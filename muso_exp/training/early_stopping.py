"""Training ends once validation no longer gets better."""

from __future__ import annotations

import logging

import pytorch_lightning as pl
from pytorch_lightning import callbacks

log = logging.getLogger(__name__)


class EarlyStopping(callbacks.EarlyStopping):
    """Lightning's, which also stays stopped: a run resumed after its last epoch trains no more.

    Args:
        monitor: the validation metric; `monitor` of the configuration.
        mode: min or max.
        patience: validations without a better value.
        min_delta: by which a value is better.
    """

    def __init__(self, monitor: str, mode: str, patience: int = 5, min_delta: float = 0.0) -> None:
        super().__init__(
            monitor,
            min_delta=min_delta,
            patience=patience,
            mode=mode,
            check_finite=False,  # FiniteTraining ends such a run, and says what to try
            check_on_train_epoch_end=False,
        )

    @property
    def state_key(self) -> str:
        """Return a key without the values of options, so that patience may be raised."""
        return f"EarlyStopping{self.monitor}"

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Train no more where the run that is resumed had stopped."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop once `patience` validations in a row were no better."""
        stopping = trainer.should_stop
        super().on_validation_end(trainer, pl_module)
        if trainer.should_stop and not stopping:
            log.info(
                "stopped after epoch %d: %s was no better for %d validations",
                *(trainer.current_epoch + 1, self.monitor, self.patience),
            )
