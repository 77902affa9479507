"""What a sweep costs beside its jobs, and what two processes gain.

    OMP_NUM_THREADS=1 python benchmarks/sweep_jobs.py [JOBS] [EPOCHS]

Jobs of one thread, the same ones each time, tracked in MLflow: in the sweep's own process, each in
a process of its own, and two at once. A row is printed as soon as it is measured; the whole takes
about three minutes (5 jobs, 40 epochs). Seconds by the clock run from the first job's end to the
last one's, so that imports, which come once, are left out; they mean something on a machine that
does nothing else. CPU seconds are those of the sweep less those of a sweep of one job, so that they
mean something on a busy machine too.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from muso_exp.experiment import ledger

JOB = ["+experiment=playlist_membership", "scale=desk", "resamples=100"]
JOB += ["callbacks.progress=null", "table_metrics=[recall]", "dataset.seed=0"]
LAUNCHERS = {
    "in the sweep's process": ["hydra/launcher=in_process"],
    "a process a job": ["hydra/launcher=basic"],
    "two processes": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
}


class Swept(NamedTuple):
    """What a sweep took, in seconds.

    Attributes:
        clock: from the first job's end to the last one's.
        own: mean of the jobs' own, by the clock, without the first.
        cpu: of the sweep and all of its processes.
    """

    clock: float
    own: float
    cpu: float


def swept(n_jobs: int, epochs: int, cache: str, launcher: list[str]) -> Swept:
    """Run a sweep of some seeds."""
    seeds = ",".join(map(str, range(n_jobs)))
    with tempfile.TemporaryDirectory() as outputs:
        places = {"MUSO_OUTPUTS": outputs, "MUSO_CACHE": cache}
        command = [sys.executable, "-m", "muso_exp", *JOB, f"trainer.max_epochs={epochs}"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [*command, "-m", f"seed={seeds}", *launcher],
            env={**os.environ, **places},
            capture_output=True,
            text=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(done.stderr)
        (folder,) = [path.parent for path in Path(outputs).glob("*/*/sweep.json")]
        ends = sorted(path.stat().st_mtime for path in folder.glob("*/metrics.json"))
        own = [job.seconds for job in ledger.read(folder)][1:]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Swept(ends[-1] - ends[0], sum(own) / max(len(own), 1), cpu)


def main() -> None:
    """Measure, and print a row per launcher, in seconds a job."""
    n_jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    if n_jobs < 3 or n_jobs % 2 == 0:
        raise SystemExit(f"JOBS={n_jobs}: 3, 5, 7, ...: after the first, pairs of jobs")
    found: dict[str, Swept] = {}
    load = os.getloadavg()[0]
    print(
        f"{n_jobs} jobs of {epochs} epochs, seconds a job; load of the machine before: {load:.2f}"
    )
    print(f"{'':24s}{'clock':>8s}{'own':>8s}{'beside':>8s}{'CPU':>8s}", flush=True)
    with tempfile.TemporaryDirectory() as cache:
        first = swept(1, epochs, cache, LAUNCHERS["in the sweep's process"])  # the world, once
        first = swept(1, epochs, cache, LAUNCHERS["a process a job"])
        for name, launcher in LAUNCHERS.items():
            found[name] = one = swept(n_jobs, epochs, cache, launcher)
            clock, cpu = one.clock / (n_jobs - 1), (one.cpu - first.cpu) / (n_jobs - 1)
            print(
                f"{name:24s}{clock:8.2f}{one.own:8.2f}{clock - one.own:8.2f}{cpu:8.2f}", flush=True
            )
    gain = found["a process a job"].clock / found["two processes"].clock
    print(f"two processes are {gain:.2f} times as fast as one")


if __name__ == "__main__":
    main()
