"""Draw how fast ALS converges by the clock: our sweeps with few and many steps, and `implicit`.

    PYTHONPATH=. python benchmarks/als_convergence.py [FIGURE.png] [n_users n_items n_entries
        n_factors sweeps]

By default 30,000 x 20,000 with 3 million entries, 64 factors, 12 sweeps. All start from the same
factors; the time is that of the sweeps alone, in CPU seconds of all threads, and the objective is
computed between them by the same function. irspack takes the same steps as both (`als_sweep.py`
requires an equal objective): its curve is that of `implicit` with its own seconds for a sweep.
"""

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from listening_world import draw_plays
from scipy.sparse import csr_matrix

from muso_exp.features.als import Engine, Sweep, start_factors
from muso_exp.features.wmf import log_confidence, objective

DEFAULTS = (30_000, 20_000, 3_000_000, 64, 12)
REGULARIZATION = 0.1
WAYS: dict[str, tuple[int, Engine]] = {
    "ours, 1 step": (1, "blocked"),
    "ours, 3 steps": (3, "blocked"),
    "ours, 6 steps": (6, "blocked"),
    "implicit, 3 steps": (3, "implicit"),
    "implicit, exact": (0, "implicit"),
}
Curve = tuple[np.ndarray, np.ndarray]  # CPU seconds of the sweeps so far, objective after each
log = logging.getLogger("benchmark")


def converge(sweep: Callable, confidence: csr_matrix, n_factors: int, sweeps: int) -> Curve:
    """Return the curve of one way; the first sweep of another start compiles, and is left out."""
    transposed = confidence.T.tocsr()
    users, items = start_factors(*confidence.shape, n_factors, 0.01, 0)
    sweep(confidence, transposed, users.numpy().copy(), items.numpy().copy())
    seconds, values = [], []
    for _ in range(sweeps):
        started = time.process_time()
        sweep(confidence, transposed, users.numpy(), items.numpy())
        seconds.append(time.process_time() - started)
        values.append(objective(confidence, users, items, REGULARIZATION))
    return np.cumsum(seconds), np.array(values)


def draw(curves: dict[str, Curve], least: float, path: Path) -> None:
    """Draw the excess over the least objective against CPU seconds, both on log axes."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name, (seconds, values) in curves.items():
        axes.plot(seconds, values / least - 1, marker="o", markersize=3, label=name)
    axes.set(xscale="log", yscale="log", xlabel="CPU seconds of the sweeps")
    axes.set_ylabel("objective over that of three times the sweeps, less 1")
    axes.legend()
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print when each way has come within 1 % and .1 % of the least objective, and draw."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "als_convergence.png")
    given = [int(size) for size in sys.argv[2:]]
    n_users, n_items, n_entries, n_factors, sweeps = [*given, *DEFAULTS[len(given) :]]
    confidence = log_confidence(draw_plays(n_users, n_items, n_entries), 2.0, 1.0)
    log.info("%d x %d, %d entries, %d factors", *confidence.shape, confidence.nnz, n_factors)
    torch.set_num_threads(1)
    curves = {
        name: converge(Sweep(REGULARIZATION, steps, engine=engine), confidence, n_factors, sweeps)
        for name, (steps, engine) in WAYS.items()
    }
    longer = converge(Sweep(REGULARIZATION, 6), confidence, n_factors, 3 * sweeps)
    least = longer[1].min()
    for name, (seconds, values) in curves.items():
        within = [np.flatnonzero(values <= least * (1 + part)) for part in (0.01, 0.001)]
        reached = [f"{seconds[one[0]]:.1f} s" if len(one) else "not reached" for one in within]
        log.info("%s: within 1 %% after %s, within .1 %% after %s", name, *reached)
    draw(curves, least, path)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
