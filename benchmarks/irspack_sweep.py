"""Time sweeps of irspack's ALS; run by `als_sweep.py` under an interpreter that has irspack.

    <python> benchmarks/irspack_sweep.py FOLDER SWEEPS REGULARIZATION

FOLDER holds confidence.npz (total c) and the start, users.npy and items.npy; the factors at the end
are written over them, and the seconds and CPU seconds of each sweep to sweeps.json. Loss
"ORIGINAL", 3 steps of conjugate gradients, all cores: the settings of `implicit` there.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from irspack.recommenders.ials import IALSTrainer, LossType, SolverType
from scipy import sparse


def main(folder: Path, sweeps: int, regularization: float) -> None:
    """Sweep, write the times and the factors."""
    extra = sparse.load_npz(folder / "confidence.npz")
    extra.data -= 1  # irspack adds alpha0, the weight of what was not played
    users, items = np.load(folder / "users.npy"), np.load(folder / "items.npy")
    trainer = IALSTrainer(
        extra, n_components=users.shape[1], alpha0=1.0, reg=regularization, nu=0.0, init_std=0.01,
        solver_type=SolverType.CG, max_cg_steps=3, ialspp_subspace_dimension=1,
        loss_type=LossType.ORIGINAL, random_seed=0, n_threads=os.cpu_count() or 1,
        prediction_time_max_cg_steps=3, prediction_time_ialspp_iteration=1,
    )  # fmt: skip
    core = trainer.core_trainer
    core.user, core.item = users, items
    times = []
    for _ in range(sweeps):
        started = time.perf_counter(), time.process_time()
        trainer.run_epoch()
        times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    (folder / "sweeps.json").write_text(json.dumps(times))
    np.save(folder / "users.npy", core.user)
    np.save(folder / "items.npy", core.item)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
