"""Worker processes with limits: no task costs another one."""

import sys
import time

import pytest
from worker_tasks import double

from muso_exp.sound.workers import Failure, Limits, run_each


def test_a_worker_that_hangs_dies_or_eats_memory_costs_one_task() -> None:
    tasks = [1, "hang", 2, "die", 3, "eat", 4, "raise", 5, "leave", 6]
    began = time.monotonic()
    found = dict(run_each(double, tasks, 2, Limits(seconds=1.0, memory=2**28)))
    assert time.monotonic() - began < 60
    assert {task: found[task] for task in (1, 2, 3, 4, 5, 6)} == {n: 2 * n for n in range(1, 7)}
    assert found["hang"] == Failure("timeout", "took longer than 1 s")
    assert found["die"] == Failure("crashed", "ended its process: signal SIGSEGV")
    assert found["leave"] == Failure("crashed", "ended its process: exit status 3")
    assert found["eat"] == Failure("memory", "needs more memory than a task may take")
    assert found["raise"] == Failure("crashed", "KeyError: 'strange file'")


def test_no_task_needs_no_worker() -> None:
    assert list(run_each(double, [], 0, Limits())) == []


def test_a_worker_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="a worker did not start: no answer"):
        list(run_each(double, [1], 1, Limits()))
