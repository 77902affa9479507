"""Time one ALS sweep of `wmf` inside the runner's training against `implicit` alone.

Run `PYTHONPATH=. python benchmarks/als_sweep.py [n_users n_items n_entries n_factors sweeps]`; by
default 120,000 x 60,000 with 13 million entries and 80 factors, 2 sweeps a turn. First both do the
same sweeps from the same start and must end in the very same factors. Then they take turns; a time
is the median. Bounds: no slower than `implicit`, the runner (data, Lightning, logging) at most 5 %.
The objective, which `implicit` also computes if asked, is timed by itself. Where irspack is
installed, its sweep (loss "ORIGINAL", 3 steps of conjugate gradients) is timed too.
"""

import logging
import os
import statistics
import sys
import time
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytorch_lightning as pl
from implicit.cpu.als import AlternatingLeastSquares, calculate_loss
from listening_world import draw_plays
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits
from torch.utils.data import DataLoader

from muso_exp.data.listening.batches import WholeMatrix
from muso_exp.models.wmf import WMF

TURNS, REGULARIZATION = 3, 0.1
log = logging.getLogger("benchmark")


class Timed(WMF):
    """WMF that notes when a sweep and when a whole step is done, and how long the sweep took."""

    def on_train_start(self) -> None:
        """Forget earlier times."""
        super().on_train_start()
        self.ends: list[float] = []
        self.sweeps: list[float] = []
        self.objectives: list[float] = []

    def _sweep(self, confidence: csr_matrix, transposed: csr_matrix) -> None:
        started = time.perf_counter()
        super()._sweep(confidence, transposed)
        self.sweeps.append(time.perf_counter() - started)

    def objective(self, confidence: csr_matrix) -> float:
        """Time the objective."""
        started = time.perf_counter()
        value = super().objective(confidence)
        self.objectives.append(time.perf_counter() - started)
        return value

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Note when a step is done."""
        self.ends.append(time.perf_counter())


def ours(plays: csr_matrix, n_factors: int, sweeps: int) -> tuple[Timed, dict[str, float]]:
    """Train in Lightning; return the model and the seconds of a step and of its parts."""
    model = Timed(*plays.shape, n_factors=n_factors, regularization=REGULARIZATION)
    trainer = pl.Trainer(
        max_epochs=sweeps + 1,  # the first builds the matrices, and is left out
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, DataLoader(WholeMatrix(plays), batch_size=None, sampler=[[0]]))
    times = {
        "step": statistics.median(np.diff(model.ends)),
        "sweep": statistics.median(model.sweeps[1:]),
        "objective": statistics.median(model.objectives[1:]),
    }
    return model, times


def implicit_alone(
    confidence: csr_matrix, n_factors: int, sweeps: int
) -> tuple[AlternatingLeastSquares, dict[str, float]]:
    """Fit by implicit from the same start; return it and the seconds of a sweep and its loss."""
    start = WMF(*confidence.shape, n_factors=n_factors)
    ends: list[float] = []
    with threadpool_limits(1, "blas"):
        als = AlternatingLeastSquares(n_factors, REGULARIZATION, iterations=sweeps + 1)
        als.user_factors = start.user_factors.numpy()
        als.item_factors = start.item_factors.numpy()
        als.fit(confidence, False, lambda n, seconds, loss: ends.append(seconds))
        started = time.perf_counter()
        calculate_loss(confidence, als.user_factors, als.item_factors, REGULARIZATION)
    loss = time.perf_counter() - started
    return als, {"sweep": statistics.median(ends[1:]), "loss": loss}


def irspack_sweep(plays: csr_matrix, n_factors: int, sweeps: int) -> float:
    """Return the seconds of a sweep of irspack's IALS with the original loss."""
    from irspack.recommenders.ials import IALSRecommender

    ials = IALSRecommender(
        plays.astype(np.float64), n_components=n_factors, alpha0=1.0, reg=REGULARIZATION,
        loss_type="ORIGINAL", confidence_scaling="log", epsilon=1e-6, solver_type="CG",
        max_cg_steps=3, n_threads=os.cpu_count(), train_epochs=1,
    )  # fmt: skip
    ials.learn()
    started = time.perf_counter()
    for _ in range(sweeps):
        ials.trainer.run_epoch()
    return (time.perf_counter() - started) / sweeps


def main() -> None:
    """Check that the factors are equal, take turns, and log the ratios."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name in ("pytorch_lightning.utilities.rank_zero", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    defaults = [120_000, 60_000, 13_000_000, 80, 2]
    given = [int(value) for value in sys.argv[1:]]
    n_users, n_items, n_entries, n_factors, sweeps = [*given, *defaults[len(given) :]]
    plays = draw_plays(n_users, n_items, n_entries)
    log.info("%d users, %d items, %d entries, %d factors", *plays.shape, plays.nnz, n_factors)
    rounds: list[dict[str, float]] = []
    for turn in range(TURNS):
        model, mine = ours(plays, n_factors, sweeps)
        als, theirs = implicit_alone(model.weigh(plays), n_factors, sweeps)
        if not np.array_equal(model.item_factors.numpy(), als.item_factors):
            raise SystemExit("the factors differ: no comparison")
        rounds.append(mine | {f"implicit_{name}": value for name, value in theirs.items()})
        log.info("turn %d: %s", turn, {k: round(v, 3) for k, v in rounds[-1].items()})
    median = {name: statistics.median(turn[name] for turn in rounds) for name in rounds[0]}
    runner = median["step"] - median["sweep"] - median["objective"]
    log.info("factors equal; medians: %s", {k: round(v, 3) for k, v in median.items()})
    log.info("sweep / implicit's sweep: %.3f", median["sweep"] / median["implicit_sweep"])
    log.info("runner without objective / sweep: %.3f", runner / median["implicit_sweep"])
    with_loss = median["implicit_sweep"] + median["implicit_loss"]
    log.info("whole step / implicit's sweep and loss: %.3f", median["step"] / with_loss)
    log.info("whole step / implicit's sweep: %.3f", median["step"] / median["implicit_sweep"])
    if find_spec("irspack"):
        seconds = irspack_sweep(plays, n_factors, sweeps)
        log.info("irspack's sweep: %.3f s, %.2f of ours", seconds, seconds / median["sweep"])
    else:
        log.info("irspack is not installed: not compared")


if __name__ == "__main__":
    main()
