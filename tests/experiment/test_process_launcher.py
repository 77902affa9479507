"""Jobs in processes of their own: what is refused, and how the cores are divided."""

import os

import pytest

from muso_exp.errors import ConfigError
from muso_exp.experiment.job_deaths import in_words
from muso_exp.experiment.process_launcher import ProcessLauncher


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, "two"])
def test_a_number_of_jobs_that_is_none_is_refused(n_jobs: object) -> None:
    with pytest.raises(ConfigError, match=r"hydra.launcher.n_jobs=.*: at least 1 is needed"):
        ProcessLauncher(n_jobs)


def test_cores_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 5, 7}, raising=False)
    assert (ProcessLauncher(-1).n_jobs, ProcessLauncher(-1).n_threads) == (6, 1)
    assert ProcessLauncher(2).n_threads == 3
    assert ProcessLauncher(4).n_threads == 1
    assert ProcessLauncher(9).n_threads == 1
    assert ProcessLauncher().n_jobs == 1


@pytest.mark.parametrize(
    ("free", "n_jobs", "share"),
    [(5 * 2**30, 4, 2**30), (5 * 2**30, 1, 4 * 2**30), (2**29, 2, 0), (None, 2, None)],
)
def test_memory_that_is_free_at_first_is_divided(
    free: int | None, n_jobs: int, share: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muso_exp.experiment.process_launcher.available_memory", lambda: free)
    assert ProcessLauncher(n_jobs)._memory_of_a_job() == share


def test_the_ledger_says_how_a_process_ended() -> None:
    assert in_words(3) == "its process ended with exit status 3"
    assert in_words(-11) == "its process was ended by SIGSEGV"
    assert in_words(-9).endswith("by SIGKILL (the system sends it when memory runs out)")
