"""What a training will take: said at its start, and again once a few steps have been measured."""

from __future__ import annotations

import logging
import resource
import shutil
import time
from typing import Any

import pytorch_lightning as pl

log = logging.getLogger(__name__)

_WARM_UP, _MEASURED = 2, 5  # steps: the first ones also compile, allocate and start workers
_KEPT = 3  # checkpoints at once: the best, the last, and the one that is being written
_ADAM = 3  # weights, and two moments of each in a checkpoint that can be resumed
_GIB, _KIB = 2**30, 2**10


class ExpectedCost(pl.Callback):
    """Log the size of the checkpoints and the free disk; after a few steps the time and memory.

    It asks nothing and stops nothing.
    """

    def __init__(self) -> None:
        self._times: list[float] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log what is known before the first step."""
        n_bytes = sum(x.nbytes for x in (*pl_module.parameters(), *pl_module.buffers()))
        each = n_bytes * (_ADAM if trainer.optimizers else 1)
        free = shutil.disk_usage(trainer.default_root_dir).free
        level = logging.WARNING if free < _KEPT * each else logging.INFO
        log.log(
            level,
            "checkpoints take about %s each, up to %d at once; the disk has %.1f GiB free",
            size(each),
            _KEPT,
            free / _GIB,
        )
        self._times = []

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Keep the time of a step; log once what they add up to."""
        if len(self._times) > _WARM_UP + _MEASURED:
            return
        self._times.append(time.monotonic())
        if len(self._times) == _WARM_UP + _MEASURED + 1:
            seconds = (self._times[-1] - self._times[_WARM_UP]) / _MEASURED
            log.info("%s", forecast(seconds, float(trainer.estimated_stepping_batches)))


def forecast(seconds: float, n_steps: float) -> str:
    """Return how long a training takes, and the memory of this process so far, in words.

    Args:
        seconds: of a step.
        n_steps: of the training; infinite where nothing ends it.
    """
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB / _GIB
    used = f"{memory:.1f} GiB of memory so far"
    if n_steps == float("inf"):
        return f"{seconds:.2g} s a step, without end (trainer.max_epochs); {used}"
    total = duration(seconds * n_steps)
    return f"training takes about {total}: {n_steps:.0f} steps of {seconds:.2g} s; {used}"


def size(n_bytes: float) -> str:
    """Return a number of bytes in the unit that fits it."""
    for unit_bytes, unit in ((_GIB, "GiB"), (2**20, "MiB")):
        if n_bytes >= unit_bytes:
            return f"{n_bytes / unit_bytes:.3g} {unit}"
    return f"{n_bytes / _KIB:.3g} KiB"


def duration(seconds: float) -> str:
    """Return a duration in the unit that fits it."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"
