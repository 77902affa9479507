"""Time the document's small net under the runner, in a plain torch loop, and in Lightning as it is.

Run `python benchmarks/training_small_net.py [epochs]`, 350 by default: 12-36-36-1 on 1,000 tracks
in batches of 50. The bounds: the runner's fit takes at most 2.5 times the plain loop and at most
half of Lightning with its default bar, logger, checkpoints and loader. The three take turns, so
that other load on the machine meets all; the ratios are those of the fastest turns, once by the
clock and once by the processor's time, which other load hardly touches. The runner's first turn
also makes MLflow's store, some five seconds.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from pytorch_lightning.loggers import Logger
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, TensorDataset

from muso_exp.data.base import ExperimentData
from muso_exp.data.playlist_owner.splits import TrackSplit
from muso_exp.experiment.build import build
from muso_exp.experiment.parts import chosen_callbacks
from muso_exp.models.dff import DFF
from muso_exp.training.callbacks import LossHistory
from muso_exp.training.checkpoint import AtomicCheckpointIO
from muso_exp.training.step_threads import StepThreads

ROUNDS = 4
CUDA_CHECK = "PYTORCH_NVML_BASED_CUDA_CHECK"
TRACKS, FEATURES, BATCH = 1000, 12, 50
CONF = Path(__file__).parents[1] / "conf"
log = logging.getLogger("benchmark")


def tracks() -> TrackSplit:
    """Return random tracks whose target follows from the first feature."""
    x = np.random.default_rng(0).random((TRACKS, FEATURES), dtype=np.float32)
    return TrackSplit(x, (x[:, 0] > 0.5).astype(np.float32), np.ones(TRACKS))


def plain(epochs: int, folder: Path) -> None:
    """Train as one writes it without any library around torch."""
    split, model = tracks(), DFF(FEATURES)
    optimizer = model.configure_optimizers()
    for _ in range(epochs):
        for rows in torch.randperm(TRACKS).split(BATCH):
            loss = binary_cross_entropy_with_logits(model.logits(split.x[rows]), split.target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def runner(epochs: int, folder: Path) -> None:
    """Train as `+experiment=playlist_membership` does, MLflow and checkpoints included."""
    overrides = ["+experiment=playlist_membership", f"paths.outputs={folder}"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", [*overrides, f"paths.run={folder}", f"trainer.max_epochs={epochs}"])
    OmegaConf.resolve(cfg)
    trainer = build(
        cfg.trainer,
        pl.Trainer,
        logger=build(cfg.logger, Logger, run_name="benchmark"),
        callbacks=[*chosen_callbacks(cfg), LossHistory(), StepThreads()],
        plugins=[AtomicCheckpointIO()],
        default_root_dir=str(folder),
    )
    trainer.fit(DFF(FEATURES), ExperimentData.loader(_Size(), tracks(), shuffle=True))


class _Size:
    """Stands for a data set where only its loader is wanted."""

    batch_size, num_workers, seed = BATCH, 0, 0


class Usual(pl.LightningModule):
    """The net as Lightning's own introduction would have it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = DFF(FEATURES)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        """Return and log the loss of a batch."""
        x, target = batch
        loss = binary_cross_entropy_with_logits(self.net.logits(x), target)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam."""
        return torch.optim.Adam(self.parameters(), lr=1e-3)


def lightning(epochs: int, folder: Path) -> None:
    """Train by Lightning's Trainer with nothing but the number of epochs."""
    split = tracks()
    loader = DataLoader(TensorDataset(split.x, split.target), batch_size=BATCH, shuffle=True)
    pl.Trainer(max_epochs=epochs, default_root_dir=folder).fit(Usual(), loader)


def main(epochs: int) -> None:
    """Log the seconds of each turn and the two ratios."""
    ways: dict[str, Callable[[int, Path], None]] = {
        "plain": plain,
        "runner": runner,
        "lightning": lightning,
    }
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for name, train in ways.items():
                os.environ[CUDA_CHECK] = "0" if name == "plain" else "1"  # as Lightning's import
                started = time.perf_counter(), time.process_time()
                train(epochs, Path(folder))
                ended = time.perf_counter(), time.process_time()
                turns[name].append((ended[0] - started[0], ended[1] - started[1]))
    for column, kind in enumerate(("clock", "processor")):
        best = {name: min(turn[column] for turn in turns[name]) for name in ways}
        for name in ways:
            shown = "  ".join(f"{turn[column]:.2f}" for turn in turns[name])
            log.info("%-9s %-9s %s s", kind, name, shown)
        log.info("%-9s runner / plain     %.2f (bound 2.5)", kind, best["runner"] / best["plain"])
        ratio = best["runner"] / best["lightning"]
        log.info("%-9s runner / lightning %.2f (bound 0.5)", kind, ratio)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 350)
