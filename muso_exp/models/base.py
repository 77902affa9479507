"""The base of every model: metrics from the data set, one way to validate, test and predict."""

import os
import warnings
from abc import abstractmethod
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.models.abilities import ask
from muso_exp.records import Batch


class Model(pl.LightningModule):
    """A LightningModule that is scored by its data set's metrics.

    A subclass implements `forward`, `predict_step` (a dict of prediction columns, first dimension
    the batch) and either `loss` (trained by gradient) or `training_step` (a solver, see `Solver`).

    Attributes:
        nonfinite_buffers: buffers in which NaN or an infinity has a meaning; in any other weight it
            ends the run.
        full_precision: whether it is trained and asked in float32 whatever `trainer.precision` is.
    """

    nonfinite_buffers: ClassVar[tuple[str, ...]] = ()
    full_precision: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.val_metrics = MetricCollection({})
        self.test_metrics = MetricCollection({})
        self._losses: list[Tensor] = []  # of the epoch so far, each times its rows
        self._rows: list[int] = []

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; of where Lightning is, torch need not ask whether it is a weight.

        Lightning notes that some fifty times a step. With the question it would take a tenth of
        the time of a small net.
        """
        if name == "_current_fx_name":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def on_fit_start(self) -> None:
        """Where there is no CUDA, have torch find that out quickly: Adam asks at every step.

        Lightning makes torch look for the driver's files instead, which protects forks of a
        process that uses CUDA.
        """
        if not torch.cuda.is_available():
            os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"

    def attach_metrics(self, metrics: MetricCollection) -> None:
        """Score validation and test by copies of `metrics`, logged as `val/...` and `test/...`."""
        self.val_metrics = metrics.clone(prefix="val/")
        self.test_metrics = metrics.clone(prefix="test/")

    def loss(self, batch: Batch) -> Tensor | None:
        """Return the training loss of a batch, shape (), or None where the model has none."""
        return None

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        """Return the loss of one batch and log it as `train/loss`, averaged over the epoch."""
        loss = self.loss(batch)
        if loss is not None:
            self._sum_loss(loss.detach(), len(batch["target"]), batch_idx)
        return loss

    def _sum_loss(self, loss: Tensor, n_rows: int, batch_idx: int) -> None:
        """Log the mean once an epoch: to log at each step costs as much as the rest of the loop."""
        if batch_idx == 0:
            self._losses.clear()
            self._rows.clear()
        self._losses.append(loss * n_rows)
        self._rows.append(n_rows)
        trainer = self.trainer
        if trainer.is_last_batch or 0 < trainer.max_steps == trainer.global_step + 1:
            n_rows = sum(self._rows)
            self._log_loss("train/loss", torch.stack(self._losses).sum() / n_rows, n_rows)

    @abstractmethod
    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the prediction columns that the data set's metrics read."""
        raise TypeError(f"{type(self).__name__} does not implement predict_step")

    def columns(self, batch: Batch) -> dict[str, Tensor]:
        """Return the prediction columns of a batch on the CPU, see `ask`; for use outside loops."""
        return ask(self.predict_step, batch)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Update the validation metrics and log `val/loss`."""
        self._evaluate("val", self.val_metrics, batch)

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Update the test metrics and return the prediction columns with their row numbers."""
        preds = self._evaluate("test", self.test_metrics, batch)
        return {"row": batch["row"], **preds}

    def on_validation_epoch_end(self) -> None:
        """Log the validation metrics as `val/<metric>`."""
        self._log_metrics(self.val_metrics)

    def on_test_epoch_end(self) -> None:
        """Log the test metrics as `test/<metric>`."""
        self._log_metrics(self.test_metrics)

    def _log_metrics(self, metrics: MetricCollection) -> None:
        if len(metrics) > 0:
            values = metrics.compute()
            if self.trainer.world_size > 1:  # equal in all; where they are compared, on the device
                values = {name: value.to(self.device) for name, value in values.items()}
            self.log_dict(values, sync_dist=True)
            metrics.reset()

    def _evaluate(self, stage: str, metrics: MetricCollection, batch: Batch) -> dict[str, Tensor]:
        preds, loss = self._judged(batch)
        metrics.update(**preds, target=batch["target"])
        if loss is not None:
            self._log_loss(f"{stage}/loss", loss, len(batch["target"]))
        return preds

    def _judged(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor | None]:
        """Return prediction columns and loss of a batch; a model that gets both at once says so."""
        return self.predict_step(batch), self.loss(batch)

    def _log_loss(self, name: str, loss: Tensor, n_rows: int) -> None:
        self.log(
            name,
            loss,
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=n_rows,
            sync_dist=True,  # of several processes each trains on rows of its own
        )


class Solver(Model):
    """A model that is solved, not descended: state in buffers, no optimizer.

    `training_step` does one exact step and returns None; Lightning counts the step, writes the
    best checkpoint and reloads it exactly.

    Attributes:
        one_step: whether one step on the whole training set solves it, so that more epochs would
            only repeat it; False of sweeps that come closer with each.
    """

    one_step: ClassVar[bool] = True
    full_precision: ClassVar[bool] = True

    def configure_optimizers(self) -> None:
        """Return None: nothing is descended, on purpose, so that Lightning need not warn of it."""
        warnings.filterwarnings("ignore", message=".*returned `None`.*")

    @abstractmethod
    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Do one exact step on the batch."""
        raise TypeError(f"{type(self).__name__} does not implement training_step")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Resize buffers to the checkpoint's, so that learned state of any size reloads."""
        for name, value in checkpoint["state_dict"].items():
            if name in dict(self.named_buffers()):
                owner, _, leaf = name.rpartition(".")
                self.get_submodule(owner).register_buffer(leaf, torch.empty_like(value))
