"""A training whose loss or weights are no longer finite stops, with what to try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from muso_exp.errors import DivergedError

EVERY = 100  # steps between two looks at the loss: each waits for the device


class FiniteTraining(pl.Callback):
    """Stop a training that diverged, before its weights are validated or written.

    The loss is looked at every `EVERY` steps and after each epoch, the weights (buffers included,
    but those in `Model.nonfinite_buffers`) before each validation and after each epoch, and the
    validation loss after each validation.
    """

    def __init__(self) -> None:
        self._loss: Tensor | None = None  # of the last step

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *rest: Any
    ) -> None:
        """Look at the loss, now and then."""
        self._loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if (trainer.global_step + 1) % EVERY == 0:
            _check_loss(trainer, pl_module, "the loss", self._loss)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at what is about to be validated."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            _check_loss(trainer, pl_module, "the loss", self._loss)
            _check_weights(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at `val/loss`, where it was logged."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            loss = trainer.callback_metrics.get("val/loss")
            _check_loss(trainer, pl_module, "val/loss", loss)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at `train/loss`, where it was logged, and at the weights."""
        loss = trainer.callback_metrics.get("train/loss", self._loss)
        _check_loss(trainer, pl_module, "train/loss", loss)
        _check_weights(trainer, pl_module)


def _check_loss(
    trainer: pl.Trainer, model: pl.LightningModule, name: str, loss: Tensor | None
) -> None:
    if trainer.world_size > 1:  # a process alone must not stop; the weights are those of all
        return
    if isinstance(loss, Tensor) and not bool(loss.detach().isfinite().all()):
        raise DivergedError(f"{_epoch(trainer)}: {name} is {float(loss.mean())}; {remedy(model)}")


def _check_weights(trainer: pl.Trainer, model: pl.LightningModule) -> None:
    names, values = [], []
    for name, value in _weights(model):
        names.append(name)
        # a sum takes one pass and no memory, and is not finite where an addend is not
        values.append(value.detach().sum(dtype=torch.promote_types(value.dtype, torch.float32)))
    finite = torch.stack([value.isfinite() for value in values]).tolist() if values else []
    diverged = [name for name, good in zip(names, finite, strict=True) if not good]
    if diverged:
        raise DivergedError(
            f"{_epoch(trainer)}: weights are not finite ({', '.join(diverged[:3])}); "
            f"{remedy(model)}"
        )


def _weights(model: pl.LightningModule) -> Iterator[tuple[str, Tensor]]:
    """Yield parameters and buffers of real numbers, less the buffers where NaN has a meaning."""
    yield from model.named_parameters()
    for place, module in model.named_modules():
        known = getattr(module, "nonfinite_buffers", ())
        for name, value in module.named_buffers(recurse=False):
            if value.is_floating_point() and name not in known:
                yield f"{place}.{name}".lstrip("."), value


def _epoch(trainer: pl.Trainer) -> str:
    return f"epoch {trainer.current_epoch + 1}"


def remedy(model: Any) -> str:
    """Return what to try where the numbers of a model are not finite."""
    rate = getattr(model, "lr", None)
    trained = next(model.parameters(), None) is not None  # a solver keeps buffers alone
    fixes = ["set the options of the model nearer to those of its file in conf/model"]
    if isinstance(rate, (int, float)):
        fixes = [f"set model.lr below {rate:g}", *(["trainer.gradient_clip_val=1"] * trained)]
    return f"{' or '.join(fixes)}; if that does not help, the input holds such values"
