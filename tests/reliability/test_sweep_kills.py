"""Sweeps killed at any moment: the same command ends with the same table.

Long form (12 jobs, 10 kills): pytest -m slow -s tests/reliability/test_sweep_kills.py
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from program import Forked, ended, wait_for

from muso_exp.experiment import ledger

SWEEP = ["+experiment=playlist_membership", "-m", "scale=smoke", "resamples=20", "logger=none"]
SWEEP += ["callbacks.progress=null", "trainer.max_epochs=8", "table_metrics=[recall]"]
SWEEP += ["checkpoint_every=1"]


def folders(outputs: Path) -> list[Path]:
    return [path.parent for path in outputs.glob("playlist_membership/*/sweep.json")]


def states(outputs: Path) -> list[str]:
    return [job.state for folder in folders(outputs) for job in ledger.read(folder)]


def table(words: str) -> pd.DataFrame:
    folder = next(line for line in words.splitlines()[::-1] if Path(line).is_dir())
    read = pd.read_csv(Path(folder) / "table.csv")
    return read.drop(columns=["run", "fit_seconds", "p", "p_holm"])


def written(outputs: Path) -> dict[str, int]:
    """When each finished job was written."""
    paths = outputs.glob("playlist_membership/*/*/metrics.json")
    return {path.parent.name: path.stat().st_mtime_ns for path in paths}


def kill(process: Forked) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> pd.DataFrame:
    """The table of a sweep of four jobs that nothing stops."""
    outputs = tmp_path_factory.mktemp("whole")
    status, words = ended(Forked(outputs, cache, *SWEEP, "seed=0,1,2,3", own_group=True))
    assert status == 0, words
    return table(words)


def test_a_sweep_that_is_killed_twice_ends_with_the_same_table(
    reference: pd.DataFrame, tmp_path: Path, cache: Path
) -> None:
    command = [*SWEEP, "seed=0,1,2,3"]
    process = Forked(tmp_path, cache, *command, own_group=True)
    assert wait_for(process, lambda: list(tmp_path.glob("*/*/0/checkpoints/last.ckpt")))
    kill(process)
    assert states(tmp_path) == ["running"]
    process = Forked(tmp_path, cache, *command, own_group=True)
    assert wait_for(process, lambda: list(tmp_path.glob("*/*/2/checkpoints/last.ckpt")))
    kill(process)
    before = written(tmp_path)
    assert set(before) >= {"0", "1"}
    status, words = ended(Forked(tmp_path, cache, *command, own_group=True))
    assert status == 0, words
    assert f"goes on: {len(before)} jobs are done" in words
    assert len(folders(tmp_path)) == 1 and states(tmp_path) == ["done"] * 4
    assert before.items() <= written(tmp_path).items()  # none that had finished was repeated
    pd.testing.assert_frame_equal(table(words), reference)


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_kills_of_twelve_jobs(launcher: str, tmp_path: Path, cache: Path) -> None:
    command = [*SWEEP, "seed=" + ",".join(map(str, range(12))), f"hydra/launcher={launcher}"]
    command += ["hydra.launcher.n_jobs=2"] if launcher == "joblib" else []
    began = time.monotonic()
    status, words = ended(Forked(tmp_path / "whole", cache, *command, own_group=True))
    seconds = time.monotonic() - began
    assert status == 0, words
    reference = table(words)
    outputs, rng, kept = tmp_path / "killed", random.Random(0), {}
    for n in range(10):
        process = Forked(outputs, cache, *command, own_group=True)
        if n % 3:  # else while it looks at what is done
            assert wait_for(process, lambda n=n: list(outputs.glob(f"*/*/{n}")))
        time.sleep(rng.uniform(0, 1.5) * seconds / 12)
        assert process.poll() is None
        kill(process)
        assert kept.items() <= written(outputs).items()
        kept = written(outputs)
        print(f"kill {n}: {len(kept)} jobs done, {states(outputs)}", flush=True)
    status, words = ended(Forked(outputs, cache, *command, own_group=True))
    assert status == 0, words
    assert len(folders(outputs)) == 1 and states(outputs) == ["done"] * 12
    assert kept.items() <= written(outputs).items()
    pd.testing.assert_frame_equal(table(words), reference)
