"""Measure the memory of a WMF fit with evaluation, against the size of its data.

Run `PYTHONPATH=. python benchmarks/fit_memory.py [n_users n_items n_entries n_factors]`; by default
120,000 x 60,000 with 13 million entries and 80 factors; Linux only. Each stage's peak is that of
the resident set, less what the imports take; the data are the train and the held-out matrix
(indices int32, values float32), and the full score matrix, which is never made, is given for
comparison.
"""

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from listening_world import draw_plays, hold_out
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.data.recommendation.batches import UserRows, WholeMatrix
from muso_exp.evaluation.scores import score
from muso_exp.metrics.ranking import list_metrics, ranking_metrics
from muso_exp.metrics.resampling import bootstrap_weights
from muso_exp.models.wmf import WMF
from muso_exp.tasks.recommendation.split_plays import HeldOut

MIB, CUTOFFS, RESAMPLES = 2**20, [10, 100, 500], 1000
log = logging.getLogger("benchmark")


def resident(name: str) -> float:
    """Return the resident set of this process in MiB: now (VmRSS), or its peak (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def stage(name: str, floor: float, work: Callable[[], Any]) -> Any:
    """Do a stage and log its time and its peak above the floor."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    log.info("%-28s %7.1f s, peak %6.0f MiB", name, seconds, resident("VmHWM") - floor)
    return result


def fit(train: csr_matrix, n_factors: int) -> tuple[WMF, pl.Trainer]:
    """Do two sweeps in Lightning."""
    model = WMF(*train.shape, cutoffs=CUTOFFS, n_factors=n_factors)
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(
        model, DataLoader(WholeMatrix(train), batch_sampler=[[0]], collate_fn=lambda b: b[0])
    )
    return model, trainer


def evaluate(model: WMF, train: csr_matrix, test: csr_matrix) -> dict[str, Tensor]:
    """Return the columns of all users, in batches."""
    held = UserRows(HeldOut.of(train, test, None))
    rows = np.array_split(np.arange(len(held)), max(len(held) // 1024, 1))
    parts = [model.predict_step(held[list(part)]) for part in rows]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def intervals(train: csr_matrix, columns: dict[str, Tensor]) -> float:
    """Return mAP@500 with all intervals computed on the way."""
    listeners = np.bincount(train.indices, minlength=train.shape[1])
    lists = list_metrics(listeners, train.shape[0])
    metrics = MetricCollection({**ranking_metrics(CUTOFFS), **lists}, compute_groups=False)
    weights = bootstrap_weights(np.arange(len(columns["auc"])), RESAMPLES, 0)
    return score(metrics, columns, weights).values["map_at_500"]


def main() -> None:
    """Log the peak after each stage."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    defaults = [120_000, 60_000, 13_000_000, 80]
    given = [int(value) for value in sys.argv[1:]]
    n_users, n_items, n_entries, n_factors = [*given, *defaults[len(given) :]]
    train, test = hold_out(draw_plays(n_users, n_items, n_entries), 0.2)
    size = sum(m.data.nbytes + m.indices.nbytes + m.indptr.nbytes for m in (train, test)) / MIB
    factors = (n_users + n_items) * n_factors * 4 / MIB
    scores = n_users * n_items * 4 / MIB
    floor = resident("VmRSS") - size
    log.info("data %.0f MiB, factors %.0f MiB, all scores %.0f MiB", size, factors, scores)
    model, _ = stage("fit, 2 sweeps", floor, lambda: fit(train, n_factors))
    columns = stage("evaluation of all users", floor, lambda: evaluate(model, train, test))
    stage("intervals, 1000 resamples", floor, lambda: intervals(train, columns))


if __name__ == "__main__":
    main()
