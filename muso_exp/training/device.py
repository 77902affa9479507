"""The device that a model was trained on, for what is asked of it after its test."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytorch_lightning as pl


@contextmanager
def on_device(model: pl.LightningModule, trainer: pl.Trainer) -> Iterator[None]:
    """Have the model on the trainer's device within the block, and on the CPU after it.

    Lightning takes it off at the end of a test; further tests and sections of the report ask it
    once more, through `muso_exp.models.abilities.ask`, which brings its answers to the CPU.
    """
    model.to(trainer.strategy.root_device)
    try:
        yield
    finally:
        model.to("cpu")
