"""Time the runner's training against a plain torch loop over the same batches of the same model.

Run `python benchmarks/training_overhead.py [paper|desk|floor] [steps]`; the bound is 1.15 for the
document's network (paper: 195.7 million parameters, batch 1). The two take turns, so that other
load on the machine meets both; of each the fastest turn counts, the one least disturbed.
"""

import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
import yaml
from torch.utils.data import DataLoader

from muso_exp.models.base import Batch
from muso_exp.models.distance_net import DistanceNet
from muso_exp.training.callbacks import LossHistory

ROUNDS = 6
PAPER_PAIRS, PAPER_EPOCHS, BOUND = 435, 200, 1.15
SIZES = {  # hidden sizes, batch size, steps of each turn
    "paper": ((8192, 4096, 2048, 1024, 512, 256, 128), 1, 5),
    "desk": ((256, 128), 32, 50),
    "floor": ((8,), 1, 300),  # almost no work: what a step costs the runner whatever the model
}
TRAINER = Path(__file__).parents[1] / "conf" / "trainer" / "default.yaml"
log = logging.getLogger("benchmark")


class StepTimes(pl.Callback):
    """Keep the moments at which the first and the last training step are done."""

    def __init__(self, n_steps: int) -> None:
        self.n_steps = n_steps
        self.ends: list[float] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, out: Any, batch: Any, batch_idx: int
    ) -> None:
        """Wait for the device and note the time; in between nothing waits for it."""
        if batch_idx in (0, self.n_steps - 1):
            self.ends.append(_now(module.device))


def batches(size: int, n_steps: int) -> list[Batch]:
    """Return random batches of the published sizes, x (size, 18432)."""
    draw = torch.Generator().manual_seed(0)
    return [
        {
            "x": torch.randn(size, 18432, generator=draw),
            "target": torch.randint(41, (size,), generator=draw),
            "row": torch.arange(size),
        }
        for _ in range(n_steps)
    ]


def plain_step(model: DistanceNet, rows: list[Batch], device: torch.device) -> float:
    """Return the seconds per step of the plain loop, the first step left out."""
    model.to(device).train()
    optimizer, ends = model.configure_optimizers(), []
    total = torch.zeros((), device=device)
    for number, batch in enumerate(rows):
        loss = model.loss({name: value.to(device) for name, value in batch.items()})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach()
        if number in (0, len(rows) - 1):
            ends.append(_now(device))
    return (ends[-1] - ends[0]) / (len(rows) - 1)


def runner_step(model: DistanceNet, rows: list[Batch], folder: str) -> float:
    """Return the seconds per step under the runner's trainer, the first step left out."""
    times, arguments = StepTimes(len(rows)), yaml.safe_load(TRAINER.read_text())
    del arguments["_target_"]
    arguments |= {"max_epochs": 1, "enable_checkpointing": False, "logger": False}
    callbacks = [pl.callbacks.RichProgressBar(), LossHistory(), times]
    trainer = pl.Trainer(**arguments, default_root_dir=folder, callbacks=callbacks)
    trainer.fit(model, DataLoader(rows, batch_size=None))
    return (times.ends[-1] - times.ends[0]) / (len(rows) - 1)


def compare(scale: str, n_steps: int | None) -> None:
    """Log step times, their ratio, and the projection of the whole published training."""
    hidden_sizes, size, usual = SIZES[scale]
    model, rows = DistanceNet(18432, 41, hidden_sizes), batches(size, n_steps or usual)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    plain, runner = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            plain.append(plain_step(model, rows, device))
            runner.append(runner_step(model, rows, folder))
    ours, theirs = min(runner), min(plain)
    n_weights = sum(weight.numel() for weight in model.parameters())
    log.info("%s: %s parameters, batch %d, %s", scale, f"{n_weights:,}", size, device)
    log.info("  plain loop %.2f ms a step, runner %.2f ms", 1e3 * theirs, 1e3 * ours)
    turns = [f"{p * 1e3:.2f}/{r * 1e3:.2f}" for p, r in zip(plain, runner, strict=True)]
    log.info("  each turn, plain/runner: %s", ", ".join(turns))
    bound = f" (bound {BOUND})" if scale == "paper" else ""
    log.info("  ratio %.3f%s, %.2f ms more a step", ours / theirs, bound, 1e3 * (ours - theirs))
    if scale == "paper":
        hours = ours * PAPER_PAIRS * PAPER_EPOCHS / 3600
        log.info("  projected: %d pairs x %d epochs in %.2f h", PAPER_PAIRS, PAPER_EPOCHS, hours)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    chosen = sys.argv[1] if len(sys.argv) > 1 else "all"
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else None
    for name in SIZES if chosen == "all" else [chosen]:
        compare(name, steps)
