"""Time one ALS sweep of `wmf` inside the runner's training against `implicit` alone, and irspack.

    PYTHONPATH=. python benchmarks/als_sweep.py [--irspack PYTHON]
        [n_users n_items n_entries n_factors sweeps turns]

By default 120,000 x 60,000 with 13 million entries and 80 factors, 2 sweeps a turn, 3 turns. All
start from the same factors, and must end at the same objective to 1e-4. They take turns; a time is
that of the fastest sweep, once by the clock and once in CPU seconds of all threads, which other
load on the machine hardly touches. Bounds: at most .55 of `implicit`'s time and all of irspack's,
with a bias column at most 1.3 of the time without; the runner (data, Lightning, logging) at most
5 % of `implicit`'s. The objective, which `implicit` also computes if asked, is timed by itself.
PYTHON is an interpreter of an environment with irspack (loss "ORIGINAL").
"""

import argparse
import json
import logging
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from implicit.cpu.als import AlternatingLeastSquares, calculate_loss
from listening_world import draw_plays
from scipy.sparse import csr_matrix, save_npz
from threadpoolctl import threadpool_limits
from torch.utils.data import DataLoader

from muso_exp.data.recommendation.batches import WholeMatrix
from muso_exp.features.wmf import objective
from muso_exp.models.wmf import WMF

DEFAULTS = (120_000, 60_000, 13_000_000, 80, 2, 3)
REGULARIZATION = 0.1
IRSPACK = Path(__file__).with_name("irspack_sweep.py")
Times = dict[str, np.ndarray]  # part -> (seconds, CPU seconds) of the fastest
log = logging.getLogger("benchmark")


def now() -> np.ndarray:
    """Return the clock and the CPU seconds of all threads so far."""
    return np.array([time.perf_counter(), time.process_time()])


class Timed(WMF):
    """WMF that notes when a step is done, and how long its sweep and its objective took."""

    def on_train_start(self) -> None:
        """Forget earlier times."""
        super().on_train_start()
        self.ends: list[np.ndarray] = []
        self.sweeps: list[np.ndarray] = []
        self.objectives: list[np.ndarray] = []

    def sweep(self, confidence: csr_matrix, transposed: csr_matrix) -> None:
        """Time a sweep."""
        started = now()
        super().sweep(confidence, transposed)
        self.sweeps.append(now() - started)

    def objective(self, confidence: csr_matrix) -> float:
        """Time the objective."""
        started = now()
        value = super().objective(confidence)
        self.objectives.append(now() - started)
        return value

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Note when a step is done."""
        self.ends.append(now())


def ours(plays: csr_matrix, n_factors: int, sweeps: int, bias: bool) -> tuple[Timed, Times]:
    """Train in Lightning; return the model and the times of a step's parts."""
    model = Timed(*plays.shape, n_factors=n_factors, regularization=REGULARIZATION, bias=bias)
    trainer = pl.Trainer(
        max_epochs=sweeps + 1,  # the first builds the matrices, and is left out
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, DataLoader(WholeMatrix(plays), batch_size=None, sampler=[[0]]))
    sweep, objective = np.array(model.sweeps[1:]), np.array(model.objectives[1:])
    runner = np.diff(model.ends, axis=0) - sweep - objective
    parts = {"sweep": sweep, "objective": objective, "runner": runner}
    return model, {name: values.min(axis=0) for name, values in parts.items()}


def implicit_alone(
    confidence: csr_matrix, n_factors: int, sweeps: int
) -> tuple[AlternatingLeastSquares, Times]:
    """Fit by implicit from the same start; return it and the times of a sweep and its loss."""
    start = WMF(*confidence.shape, n_factors=n_factors)
    ends: list[np.ndarray] = []
    with threadpool_limits(1, "blas"):
        als = AlternatingLeastSquares(n_factors, REGULARIZATION, iterations=sweeps + 1)
        als.user_factors = start.user_factors.numpy()
        als.item_factors = start.item_factors.numpy()
        als.fit(confidence, False, lambda n, seconds, loss: ends.append(now()))
        started = now()
        calculate_loss(confidence, als.user_factors, als.item_factors, REGULARIZATION)
        loss = now() - started
    return als, {"implicit": np.diff(ends, axis=0).min(axis=0), "implicit_loss": loss}


def irspack_alone(python: str, confidence: csr_matrix, model: WMF, sweeps: int) -> Times:
    """Sweep by irspack from the same start; it must end at the objective of ours."""
    start = WMF(*confidence.shape, n_factors=model.n_factors)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_npz(folder / "confidence.npz", confidence, compressed=False)
        np.save(folder / "users.npy", start.user_factors.numpy())
        np.save(folder / "items.npy", start.item_factors.numpy())
        command = [python, str(IRSPACK), name, str(sweeps + 1), str(REGULARIZATION)]
        subprocess.run(command, check=True)
        times = np.array(json.loads((folder / "sweeps.json").read_text()))
        users, items = (np.load(folder / f"{side}.npy") for side in ("users", "items"))
    require_equal("irspack", model, confidence, users, items)
    return {"irspack": times[1:].min(axis=0)}


def require_equal(
    name: str, model: WMF, confidence: csr_matrix, users: np.ndarray, items: np.ndarray
) -> None:
    """Stop where another's factors have another objective than the model's.

    Raises:
        SystemExit: they differ by more than 1e-4.
    """
    theirs = objective(confidence, *map(torch.from_numpy, (users, items)), REGULARIZATION)
    excess = WMF.objective(model, confidence) / theirs - 1
    log.info("our objective is %+.1e of %s's", excess, name)
    if abs(excess) > 1e-4:
        raise SystemExit(f"{name} ends at another objective: no comparison")


def turn(plays: csr_matrix, n_factors: int, sweeps: int, irspack: str | None) -> Times:
    """Return the times of one turn of each."""
    model, times = ours(plays, n_factors, sweeps, bias=False)
    _, biased = ours(plays, n_factors, sweeps, bias=True)
    confidence = model.weigh(plays)
    als, theirs = implicit_alone(confidence, n_factors, sweeps)
    require_equal("implicit", model, confidence, als.user_factors, als.item_factors)
    third = irspack_alone(irspack, confidence, model, sweeps) if irspack else {}
    return times | {"biased": biased["sweep"]} | theirs | third


def main() -> None:
    """Take turns and log the ratios of the fastest sweeps."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--irspack", help="interpreter of an environment with irspack")
    parser.add_argument("sizes", type=int, nargs="*")
    given = parser.parse_args()
    sizes = [*given.sizes, *DEFAULTS[len(given.sizes) :]]
    n_users, n_items, n_entries, n_factors, sweeps, turns = sizes
    plays = draw_plays(n_users, n_items, n_entries)
    log.info("%d users, %d items, %d entries, %d factors", *plays.shape, plays.nnz, n_factors)
    rounds: list[Times] = []
    for number in range(turns):
        rounds.append(turn(plays, n_factors, sweeps, given.irspack))
        shown = {name: f"{wall:.3f} / {cpu:.3f}" for name, (wall, cpu) in rounds[-1].items()}
        log.info("turn %d, seconds / CPU seconds: %s", number, shown)
    best = {name: np.min([one[name] for one in rounds], axis=0) for name in rounds[0]}
    for column, kind in enumerate(("clock", "CPU")):
        time_of = {name: float(values[column]) for name, values in best.items()}
        theirs = time_of["implicit"]
        whole = time_of["sweep"] + time_of["objective"] + time_of["runner"]
        log.info("%s: sweep / implicit's sweep %.3f (bound .55)", kind, time_of["sweep"] / theirs)
        ratio = time_of["biased"] / time_of["sweep"]
        log.info("%s: sweep with a bias / without %.3f (bound 1.3)", kind, ratio)
        log.info("%s: runner / implicit's sweep %.4f (bound .05)", kind, time_of["runner"] / theirs)
        with_loss = theirs + time_of["implicit_loss"]
        log.info("%s: whole step / implicit's sweep and loss %.3f", kind, whole / with_loss)
        if given.irspack:
            ratio = time_of["sweep"] / time_of["irspack"]
            log.info("%s: sweep / irspack's sweep %.3f (bound 1)", kind, ratio)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for noisy in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    main()
