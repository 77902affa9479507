"""`hydra/launcher=processes`: jobs side by side, each in a process that may die alone."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NoReturn

import cloudpickle
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, configure_log
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from muso_exp.errors import ConfigError, Stopped
from muso_exp.experiment import ledger
from muso_exp.experiment.ledger import Job
from muso_exp.experiment.sweep_state import read_state
from muso_exp.experiment.swept import what_differs

PRELOADED = ("muso_exp.job", "muso_exp.run", "mlflow", "mlflow.store.tracking.sqlalchemy_store")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 60.0  # seconds that jobs have to end after a signal
_DEATH = 1  # Linux: PR_SET_PDEATHSIG


@dataclass
class RunningJob:
    """A job in its process.

    Attributes:
        number: of the job.
        place: which share of the cores it has.
        process: that runs it.
        answer: where it sends what it returned.
    """

    number: int
    place: int
    process: ForkServerProcess
    answer: Connection


class ProcessLauncher(Launcher):
    """Hydra's launcher of jobs side by side; a server that has imported everything forks them.

    A job that is killed, by the system when memory runs out too, costs itself only. Cores are
    divided: each job sees its share, and uses as many threads.

    Args:
        n_jobs: at once; -1: one a core.

    Raises:
        ConfigError: 0 or fewer than -1.
    """

    def __init__(self, n_jobs: int = -1) -> None:
        if not isinstance(n_jobs, int) or n_jobs < -1 or n_jobs == 0:
            raise ConfigError(f"hydra.launcher.n_jobs={n_jobs}: at least 1 is needed, or -1")
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        n_cores = len(cores) or os.cpu_count() or 1
        self.n_jobs = n_cores if n_jobs == -1 else n_jobs
        self.n_threads = max(1, n_cores // self.n_jobs)
        self.cores = cores

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        """Take the configuration."""
        self.config: Any = config
        self.hydra_context = hydra_context

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run jobs, `n_jobs` at a time; return what each returned, the worst of one that died."""
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(PRELOADED))
        self.overrides = dict(enumerate(job_overrides, start=initial_job_idx))
        waiting, returned = list(self.overrides), dict[int, JobReturn]()
        running: list[RunningJob] = []
        with _ending(running):
            while waiting or running:
                while waiting and len(running) < self.n_jobs:
                    running.append(self._start(waiting.pop(0), running))
                wait([job.process.sentinel for job in running])
                for job in [job for job in running if not job.process.is_alive()]:
                    running.remove(job)
                    returned[job.number] = self._ended(job)
        return [returned[number] for number in self.overrides]

    def _start(self, number: int, running: Sequence[RunningJob]) -> RunningJob:
        taken = {job.place for job in running}
        place = next(place for place in range(self.n_jobs) if place not in taken)
        first = place * self.n_threads
        cores = self.cores[first : first + self.n_threads]
        asked, answer = self.context.Pipe(duplex=False)
        parts = (number, self.overrides[number], self.hydra_context, self.config)
        packed = cloudpickle.dumps((*parts, Singleton.get_state()))
        environment = dict(os.environ) | dict.fromkeys(THREADS, str(self.n_threads))
        process = self.context.Process(
            target=run_packed, args=(packed, environment, cores, self.n_threads, answer)
        )
        process.start()
        answer.close()
        return RunningJob(number, place, process, asked)

    def _ended(self, job: RunningJob) -> JobReturn:
        """Return what a job returned; note in the ledger one that died.

        Raises:
            SystemExit: the first job has found that the sweep cannot be run at all.
        """
        job.process.join()
        found = JobReturn(overrides=list(self.overrides[job.number]), status=JobStatus.COMPLETED)
        try:
            found.return_value = job.answer.recv() if job.answer.poll() else None
        except EOFError:
            found.return_value = None
        code = job.process.exitcode or 0
        if found.return_value is None and code != 0:
            self._note_death(job.number, code)
        return found

    def _note_death(self, number: int, code: int) -> None:
        sweep = Path(self.config.hydra.sweep.dir)
        row = {one.job: one for one in ledger.read(sweep)}.get(number)
        if row is None and code > 0:
            sys.exit(code)  # the job has said why, and removed the ledger
        if row is not None and row.state != "running":
            return
        by = f"{signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        hint = ", by the system if memory ran out" if code == -signal.SIGKILL else ""
        overrides = self.overrides[number]
        settings = row.settings if row else what_differs(overrides, read_state(sweep).swept)
        folder = str(number) if (sweep / str(number)).is_dir() else ""
        reason = f"its process ended with {by}{hint}"
        ledger.note(sweep, Job(number, "killed", settings, reason, 0.0, folder))


def run_packed(
    packed: bytes,
    environment: dict[str, str],
    cores: Sequence[int],
    n_threads: int,
    answer: Connection,
) -> None:
    """Be the process of a job.

    Args:
        packed: number, overrides, Hydra's context, configuration and singletons.
        environment: of the sweep; the server that forked this process has an older one.
        cores: that this job may use; none where the system cannot say.
        n_threads: of torch and BLAS; numba reads its own from the environment when it starts.
        answer: takes what the job returned.
    """
    _die_with_the_server()
    for signum in SIGNALS:
        signal.signal(signum, _stop)
    os.environ.clear()
    os.environ.update(environment)
    if cores:
        os.sched_setaffinity(0, cores)
    _limit_threads(n_threads)
    from hydra_plugins.hydra_joblib_launcher._core import execute_job

    from muso_exp.experiment.hydra_targets import use_checked_loader

    use_checked_loader()
    number, overrides, hydra_context, config, singletons = cloudpickle.loads(packed)
    job = sys.modules["muso_exp.job"]  # preloaded by the server
    try:
        done = execute_job(number, overrides, hydra_context, config, job.task, singletons)
        answer.send(done.return_value)
    except Stopped as stopped:
        sys.exit(128 + stopped.signum)
    finally:
        answer.close()


def _limit_threads(n_threads: int) -> None:
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(n_threads)
    threadpool_limits(limits=n_threads)


def _die_with_the_server() -> None:
    """Get SIGTERM when the server that forked this process ends, as it does with the sweep."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_DEATH, signal.SIGTERM)


def _stop(signum: int, _frame: Any) -> NoReturn:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(signum)


@contextmanager
def _ending(running: list[RunningJob]) -> Iterator[None]:
    """Stop the jobs that still run when the block is left: none outlives the sweep."""
    try:
        yield
    finally:
        for job in running:
            job.process.terminate()
        for job in running:
            job.process.join(_PATIENCE)
            if job.process.is_alive():
                job.process.kill()
                job.process.join()
