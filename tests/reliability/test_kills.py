"""Kills at any moment: each run is gone on with to the same numbers, and no store is broken.

Long form (60 kills, or every $EVERY-th of them from $FIRST on):
pytest -m slow -s tests/reliability/test_kills.py
"""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from program import TASK, Forked, ended, is_whole, statuses, wait_for

KILLED = [*TASK, "trainer.max_epochs=20", "checkpoint_every=1"]


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())["metrics"]


def go_on(outputs: Path, cache: Path, run: Path, n: int) -> Path:
    """Resume the run (every other one in its own folder), or start it again; return its folder."""
    saved = saved_by(run).exists()
    into = run if saved and n % 2 else run.with_name(f"{run.name}-again")
    resumed = [f"ckpt={run}"] if saved else []
    status, words = ended(Forked(outputs, cache, *KILLED, *resumed, f"hydra.run.dir={into}"))
    assert status == 0 and "Traceback" not in words, words
    return into


class Unstopped(NamedTuple):
    """A run that nothing stops: its numbers, its seconds, and those after the first checkpoint."""

    metrics: dict
    seconds: float
    training: float


def saved_by(run: Path) -> Path:
    return run / "checkpoints" / "last.ckpt"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Unstopped:
    outputs = tmp_path_factory.mktemp("reference")
    began = time.monotonic()
    process = Forked(outputs, cache, *KILLED, f"hydra.run.dir={outputs / 'run'}")
    wait_for(process, saved_by(outputs / "run").exists)
    first = time.monotonic()
    status, words = ended(process)
    assert status == 0, words
    end = time.monotonic()
    return Unstopped(metrics_of(outputs / "run"), end - began, end - first)


def test_a_first_start_that_is_killed_leaves_tracking_whole(
    reference: Unstopped, tmp_path: Path, cache: Path
) -> None:
    run = tmp_path / "run"
    process = Forked(tmp_path, cache, *KILLED, f"hydra.run.dir={run}")
    assert wait_for(process, lambda: list(tmp_path.glob(".mlflow.db.draft-*")))
    process.kill()
    ended(process)
    assert not (tmp_path / "mlflow.db").exists()
    assert metrics_of(go_on(tmp_path, cache, run, 0)) == reference.metrics
    assert is_whole(tmp_path) and statuses(tmp_path) == ["FINISHED"]
    assert not list(tmp_path.glob(".mlflow.db.*"))


def test_a_run_that_is_killed_in_training_ends_killed_and_goes_on_in_its_folder(
    reference: Unstopped, tmp_path: Path, cache: Path
) -> None:
    run = tmp_path / "run"
    process = Forked(tmp_path, cache, *KILLED, f"hydra.run.dir={run}")
    assert wait_for(process, saved_by(run).exists)
    process.kill()
    ended(process)
    assert statuses(tmp_path) == ["RUNNING"]
    assert metrics_of(go_on(tmp_path, cache, run, 1)) == reference.metrics
    assert statuses(tmp_path) == ["KILLED", "FINISHED"]


def kill(home: Path, cache: Path, n: int, took: Unstopped) -> tuple[Path, Path]:
    """Kill a run at the n-th of sixty moments; one that has ended by then is begun anew, sooner.

    Every third is a first start in outputs of its own. Of the even ones every sixth is killed
    around the making of the store, the others at a share of the whole run; the odd ones after the
    first checkpoint, at a share of the training.

    Returns:
        Its outputs and its folder.
    """
    hurry = 1.0
    for again in itertools.count():
        outputs = home / (f"first-{n}-{again}" if n % 3 == 0 else "shared")
        outputs.mkdir(exist_ok=True)
        run = outputs / f"run-{n}-{again}"
        process = Forked(outputs, cache, *KILLED, f"hydra.run.dir={run}")
        if n % 2:
            wait_for(process, saved_by(run).exists)
            time.sleep(hurry * took.training * n / 60)
        elif n % 6 == 0 and wait_for(
            process, lambda at=outputs: list(at.glob(".mlflow.db.draft-*"))
        ):
            time.sleep(hurry * took.seconds / 2 * n / 60)
        else:
            time.sleep(hurry * took.seconds * (n + 0.5) / 60)
        process.kill()
        if ended(process)[0] != 0:
            return outputs, run
        hurry *= 0.8


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_sixty_kills(reference: Unstopped, tmp_path: Path, cache: Path) -> None:
    """40 in a store that is there, 20 at a first start (10 of them while the schema is made)."""
    counts = dict.fromkeys(("resumed", "again", "written", "other", "broken", "running"), 0)
    began = time.monotonic()
    moments = range(int(os.environ.get("FIRST", "0")), 60, int(os.environ.get("EVERY", "1")))
    for n in moments:
        outputs, run = kill(tmp_path, cache, n, reference)
        counts["broken"] += not is_whole(outputs)
        written = (run / "metrics.json").exists()  # killed after its last file
        counts["written" if written else "resumed" if saved_by(run).exists() else "again"] += 1
        last = run if written else go_on(outputs, cache, run, n)
        counts["other"] += metrics_of(last) != reference.metrics
        counts["running"] += max(statuses(outputs).count("RUNNING") - written, 0)
        print(f"kill {n}: {counts}", flush=True)
    took = time.monotonic() - began
    print(f"\n{len(moments)} kills in {took:.0f} s: {counts}")
    assert counts["other"] == counts["broken"] == counts["running"] == 0
