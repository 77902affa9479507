"""Hydra's launcher of jobs in processes of their own: one after another, or side by side.

A job that is killed, by the system when memory runs out too, costs itself only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from muso_exp.errors import ConfigError, Stopped
from muso_exp.experiment.job_deaths import in_words, note_death
from muso_exp.experiment.job_server import JobServer, end_server, running_server
from muso_exp.experiment.objective import worst
from muso_exp.experiment.remembered import Remembered, known, remember
from muso_exp.memory import available_memory, limit_data

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_BESIDE = 2**30  # bytes that the programs of all jobs may take beside their shares


class ProcessLauncher(Launcher):
    """Run each job in a process that is forked once everything is imported.

    Args:
        n_jobs: at once; -1: one a core. Several divide cores, threads and memory among them.

    Raises:
        ConfigError: 0 jobs, or fewer than -1.
    """

    def __init__(self, n_jobs: int = 1) -> None:
        if not isinstance(n_jobs, int) or n_jobs < -1 or n_jobs == 0:
            raise ConfigError(f"hydra.launcher.n_jobs={n_jobs}: at least 1 is needed, or -1")
        self.cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        n_cores = len(self.cores) or os.cpu_count() or 1
        self.n_jobs = n_cores if n_jobs == -1 else n_jobs
        self.n_threads = max(1, n_cores // self.n_jobs)

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        """Take the configuration."""
        self.config: Any = config
        self.hydra_context, self.task_function = hydra_context, task_function

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run jobs; return what each returned, the worst of one that died."""
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        overrides = dict(enumerate(job_overrides, start=initial_job_idx))
        self.n_bytes = self._memory_of_a_job()
        waiting, places, returned = list(overrides), dict[int, int](), dict[int, JobReturn]()
        with _served() as server:
            while waiting or places:
                while waiting and len(places) < self.n_jobs:
                    number = waiting.pop(0)
                    places[number] = min(set(range(self.n_jobs)) - set(places.values()))
                    server.start(number, self._job(number, overrides[number], places[number]))
                ended = server.wait()
                del places[ended.number]
                own = list(overrides[ended.number])
                job = JobReturn(overrides=own, status=JobStatus.COMPLETED)
                if ended.answer is None:
                    job.return_value = worst(self.config.hydra)
                    reason = in_words(ended.code)
                    if not note_death(self.config, ended.number, own, reason):
                        sys.exit(ended.code)
                else:
                    job.return_value, found = ended.answer
                    remember(found)
                returned[ended.number] = job
        return [returned[number] for number in overrides]

    def _memory_of_a_job(self) -> int | None:
        """Return the bytes that each of several jobs may write to; None: it is not known.

        It is of what is free before the first begins, so that a job's share does not depend on
        what the others use when it begins.
        """
        free = available_memory()
        return None if free is None else max(free - _BESIDE, 0) // self.n_jobs

    def _job(self, number: int, overrides: Sequence[str], place: int) -> Any:
        """Return the function that a process calls.

        Args:
            number: of the job.
            overrides: of the job.
            place: which share of the cores it has.
        """
        loader: Any = self.hydra_context.config_loader
        config = loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        first = place * self.n_threads
        cores = self.cores[first : first + self.n_threads]
        share = (cores, self.n_threads, self.n_bytes) if self.n_jobs > 1 else None
        context, task = self.hydra_context, self.task_function
        state = Singleton.get_state(), dict(os.environ), known()
        return partial(_run, context, task, config, share, *state)


@contextmanager
def _served() -> Iterator[JobServer]:
    """Lend the server; when the block is left by a signal or an error its jobs are stopped."""
    try:
        yield running_server()
    except EOFError:
        end_server()
        raise Stopped(9, "the end of the process that starts the jobs") from None
    except Stopped as stopped:
        end_server()
        stopped.args = (f"{stopped}; the same command goes on",)
        raise
    except BaseException:
        end_server()
        raise


def _run(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    share: tuple[Sequence[int], int, int | None] | None,
    singletons: Mapping[Any, Any],
    environment: Mapping[str, str],
    found: Remembered,
) -> tuple[Any, Remembered]:
    """Be the process of a job; return what the task returned, and what it has found."""
    os.environ.clear()
    os.environ.update(environment)
    Singleton.set_state(dict(singletons))
    setup_globals()
    remember(found)
    before = Remembered(dict(known().done), dict(known().fingerprints))
    if share is not None:
        _take_share(*share)
    done = run_job(
        hydra_context=context,
        task_function=task,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
    found = known()
    new = Remembered(
        {key: run for key, run in found.done.items() if key not in before.done},
        {key: one for key, one in found.fingerprints.items() if key not in before.fingerprints},
    )
    return done.return_value, new


def _take_share(cores: Sequence[int], n_threads: int, n_bytes: int | None) -> None:
    """Keep this process to its share of cores, threads and memory.

    The limit of memory is on what a process writes to, and `available_memory` heeds it; on a
    machine with a GPU there is none, as its driver asks for much that it never uses.
    """
    import numba
    import torch
    from threadpoolctl import threadpool_limits

    if cores:
        os.sched_setaffinity(0, cores)
    os.environ.update(dict.fromkeys(THREADS, str(n_threads)))
    numba.config.reload_config()
    torch.set_num_threads(n_threads)
    threadpool_limits(limits=n_threads)
    if n_bytes is not None and not torch.cuda.is_available():
        limit_data(n_bytes)
