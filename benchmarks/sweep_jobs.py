"""What a sweep costs beside its jobs, and what two processes gain.

    OMP_NUM_THREADS=1 python benchmarks/sweep_jobs.py [JOBS] [EPOCHS]

Jobs of one thread, the same ones each time: in the sweep's own process, each in a process of its
own, and two at once. The first job's end is where the clock starts, so that imports, which come
once, are left out. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from muso_exp.experiment import ledger

JOB = ["+experiment=playlist_membership", "scale=desk", "resamples=100", "logger=none"]
JOB += ["callbacks.progress=null", "table_metrics=[recall]", "dataset.seed=0"]


def swept(n_jobs: int, epochs: int, cache: str, *more: str) -> tuple[float, float]:
    """Return wall seconds from the first end to the last, and the mean of the jobs' own seconds."""
    seeds = ",".join(map(str, range(n_jobs)))
    with tempfile.TemporaryDirectory() as outputs:
        places = {"MUSO_OUTPUTS": outputs, "MUSO_CACHE": cache}
        command = [sys.executable, "-m", "muso_exp", "-m", *JOB, f"trainer.max_epochs={epochs}"]
        done = subprocess.run(
            [*command, f"seed={seeds}", *more],
            env={**os.environ, **places},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        (folder,) = [path.parent for path in Path(outputs).glob("*/*/sweep.json")]
        ends = sorted(path.stat().st_mtime for path in folder.glob("*/metrics.json"))
        own = [job.seconds for job in ledger.read(folder)]
    return ends[-1] - ends[0], sum(own) / len(own)


def main() -> None:
    """Measure, and print a table."""
    n_jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    with tempfile.TemporaryDirectory() as cache:
        swept(1, 1, cache, "hydra/launcher=in_process")  # the world is simulated once
        inside, _ = swept(n_jobs, epochs, cache, "hydra/launcher=in_process")
        one, own = swept(n_jobs, epochs, cache)
        two, _ = swept(n_jobs, epochs, cache, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    n_after = n_jobs - 1
    print(f"{n_jobs} jobs; from the first end to the last, in seconds a job")
    print(f"in the sweep's process       {inside / n_after:6.2f}")
    print(f"a process a job              {one / n_after:6.2f}  (of which its own {own:.2f})")
    print(f"overhead a job               {one / n_after - own:6.2f}")
    print(f"two processes                {two / n_after:6.2f}  ({one / two:.2f} times one)")


if __name__ == "__main__":
    main()
