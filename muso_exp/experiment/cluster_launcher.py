"""Jobs of a sweep on other machines, or as if they were: submitit submits, requeues and collects.

`hydra/launcher=submitit_slurm` and `submitit_local` (the extra `cluster`). A job that is preempted
or out of time is requeued by submitit, and goes on from `last.ckpt` in its own folder.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, filter_overrides
from hydra_plugins.hydra_submitit_launcher.submitit_launcher import BaseSubmititLauncher

from muso_exp.errors import EndedError, MusoError, Stopped
from muso_exp.experiment.job_deaths import note_death
from muso_exp.experiment.objective import worst
from muso_exp.experiment.plugins import use
from muso_exp.experiment.sweep import mark_dead_runs
from muso_exp.redaction import is_secret_name
from muso_exp.stopping import stop_on

CARRIED = ("MUSO_", "MLFLOW_", "HYDRA_FULL_ERROR", "PYTHONHASHSEED")
_INIT = ("max_num_timeout",)  # arguments of submitit's executor itself
_SHARED = (  # by all of its executors
    *("timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes"),
    *("name", "stderr_to_stdout"),
)
_PATIENCE = 60.0  # seconds that jobs have to end after a signal


class ClusterLauncher(BaseSubmititLauncher):
    """Hydra's launcher by submitit, except that a job costs itself only, and is resumed.

    Args:
        **params: of submitit, as hydra-submitit-launcher has them.
    """

    _EXECUTOR = "abstract"
    config: Any

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Submit jobs and wait for them; return what each returned, the worst of one that died."""
        self.environment = carried(os.environ)
        numbers = range(initial_job_idx, initial_job_idx + len(job_overrides))
        state = Singleton.get_state()
        jobs: list[Any] = []
        with _ended_with_the_sweep(jobs):
            jobs += self._executor().map_array(
                self,
                [list(overrides) for overrides in job_overrides],
                ["hydra.sweep.dir"] * len(numbers),
                list(numbers),
                [f"job_id_for_{number}" for number in numbers],
                [state] * len(numbers),
            )
            return [
                self._returned(job, number, list(overrides))
                for job, number, overrides in zip(jobs, numbers, job_overrides, strict=True)
            ]

    def _executor(self) -> Any:
        import submitit

        folder = Path(str(self.params["submitit_folder"]).partition("%")[0])
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # the jobs as they were submitted
        named = {
            name if name in _SHARED else f"{self._EXECUTOR}_{name}": value
            for name, value in self.params.items()
            if name not in (*_INIT, "submitit_folder")
        }
        own = {
            f"{self._EXECUTOR}_{name}": self.params[name] for name in _INIT if name in self.params
        }
        executor = submitit.AutoExecutor(
            cluster=self._EXECUTOR, folder=self.params["submitit_folder"], **own
        )
        executor.update_parameters(**named)
        return executor

    def _returned(self, job: Any, number: int, overrides: list[str]) -> JobReturn:
        from submitit.core.utils import FailedJobError, UncompletedJobError

        try:
            returned: JobReturn = job.results()[0]
        except (FailedJobError, UncompletedJobError):
            words = os.path.relpath(job.paths.stderr, self.config.hydra.sweep.dir)
            reason = f"its process ended without a result; its words: {words}"
            note_death(self.config, number, overrides, reason)
            returned = JobReturn(overrides=filter_overrides(overrides), status=JobStatus.COMPLETED)
            returned.return_value = worst(self.config.hydra)
        return returned

    def __call__(self, *args: Any, **kwargs: Any) -> JobReturn:
        """Be a job, where submitit has started one.

        Raises:
            MusoError: it was stopped, and is not requeued.
        """
        os.environ.update(self.environment)
        use([])  # those that the environment names
        with _requeued():
            returned: JobReturn = super().__call__(*args, **kwargs)
        kept = JobReturn(overrides=returned.overrides, status=JobStatus.COMPLETED)
        kept.return_value = returned.return_value
        return kept


class LocalLauncher(ClusterLauncher):
    """Processes of this machine, for tests of what a cluster would do."""

    _EXECUTOR = "local"

    def _returned(self, job: Any, number: int, overrides: list[str]) -> JobReturn:
        job._results_timeout_s = 0  # on this disk a result is there once its process has ended
        return super()._returned(job, number, overrides)


class SlurmLauncher(ClusterLauncher):
    """Jobs of SLURM."""

    _EXECUTOR = "slurm"
    config: Any

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Submit jobs and wait for them; say what cannot go well with several machines."""
        store = str((self.config.get("logger") or {}).get("tracking_uri", ""))
        if store.startswith("sqlite"):
            sys.stderr.write(
                f"muso_exp: logger.tracking_uri={store}: several machines cannot "
                "share a file of sqlite; start a server (mlflow server) and give its http "
                "address, or logger=none\n"
            )
        return super().launch(job_overrides, initial_job_idx)


def carried(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that travel with a job; secrets are left to the cluster's own means.

    Args:
        environment: of the sweep.
    """
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(CARRIED) and not is_secret_name(name)
    }


@contextmanager
def _requeued() -> Iterator[None]:
    """Let signals end a job as they end any run; then let submitit requeue it, where it would."""
    import submitit

    requeue = submitit.JobEnvironment()._usr_sig()
    by_submitit: Any = signal.getsignal(requeue)
    stop_on((signal.SIGTERM, signal.SIGINT, requeue))
    try:
        yield
    except Stopped as stopped:
        if stopped.signum == requeue:
            by_submitit(requeue, None)  # does not return
        raise MusoError(str(stopped)) from stopped
    except SystemExit as ending:
        raise EndedError(f"the job ended with exit status {ending.code}") from ending


@contextmanager
def _ended_with_the_sweep(jobs: list[Any]) -> Iterator[None]:
    """Stop the jobs that still run when the block is left by a signal or an error."""
    try:
        yield
    except BaseException as ending:
        for job in jobs:
            _stop_job(job)
        deadline = time.monotonic() + _PATIENCE
        while any(not job.done() for job in jobs) and time.monotonic() < deadline:
            time.sleep(0.1)
        mark_dead_runs()
        if isinstance(ending, Stopped):
            ending.args = (f"{ending}; the same command goes on",)
        raise


def _stop_job(job: Any) -> None:
    """Send SIGTERM: of a local job to its controller, which hands it on; else by the cluster."""
    process = getattr(job, "_process", None)
    with suppress(OSError):
        if process is not None:
            process.send_signal(signal.SIGTERM)
        else:
            job.cancel(check=False)
