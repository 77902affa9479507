"""Sweeps killed at any moment, and jobs that die: the same command ends with the same table.

Long form (12 jobs, 10 kills): pytest -m slow -s tests/reliability/test_sweep_kills.py
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from program import REPOSITORY, ended, wait_for

from muso_exp.experiment import ledger

SWEEP = ["+experiment=playlist_membership", "-m", "scale=smoke", "resamples=20", "logger=none"]
SWEEP += ["callbacks.progress=null", "trainer.max_epochs=8", "table_metrics=[recall]"]
SWEEP += ["checkpoint_every=1"]
TWO = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
KILLER = """
import os, signal
import pytorch_lightning as pl

class Killer(pl.Callback):
    def __init__(self, signum: int = 9) -> None:
        self.signum = signum

    def on_train_epoch_end(self, trainer, pl_module) -> None:
        job = os.path.basename(trainer.default_root_dir)
        if os.environ.get("KILL") == job and trainer.current_epoch == 3:
            os.kill(os.getpid(), self.signum)
"""


def start(outputs: Path, cache: Path, *args: str, **environment: str) -> subprocess.Popen:
    """Start a sweep as the leader of a group of its own."""
    places = {"MUSO_OUTPUTS": str(outputs), "MUSO_CACHE": str(cache), **environment}
    return subprocess.Popen(
        [sys.executable, "-m", "muso_exp", *args],
        cwd=REPOSITORY,
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


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


def kill(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def alive(outputs: Path) -> list[int]:
    """The processes whose environment names these outputs."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MUSO_OUTPUTS={outputs}\0".encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> pd.DataFrame:
    """The table of a sweep of four jobs that nothing stops."""
    outputs = tmp_path_factory.mktemp("whole")
    status, words = ended(start(outputs, cache, *SWEEP, "seed=0,1,2,3"))
    assert status == 0, words
    return table(words)


def test_a_sweep_that_is_killed_twice_ends_with_the_same_table(
    reference: pd.DataFrame, tmp_path: Path, cache: Path
) -> None:
    command = [*SWEEP, "seed=0,1,2,3"]
    process = start(tmp_path, cache, *command)
    assert wait_for(process, lambda: list(tmp_path.glob("*/*/0/checkpoints/last.ckpt")))
    kill(process)
    assert states(tmp_path) == ["running"]
    process = start(tmp_path, cache, *command)
    assert wait_for(process, lambda: list(tmp_path.glob("*/*/2/checkpoints/last.ckpt")))
    kill(process)
    before = written(tmp_path)
    assert set(before) >= {"0", "1"}
    status, words = ended(start(tmp_path, cache, *command))
    assert status == 0, words
    assert f"goes on: {len(before)} jobs are done" in words
    assert len(folders(tmp_path)) == 1 and states(tmp_path) == ["done"] * 4
    assert before.items() <= written(tmp_path).items()  # none that had finished was repeated
    pd.testing.assert_frame_equal(table(words), reference)


def test_a_job_that_is_killed_costs_itself_and_goes_on_by_the_same_command(
    reference: pd.DataFrame, tmp_path: Path, cache: Path
) -> None:
    package = tmp_path / "plugin" / "killing"
    (package / "conf").mkdir(parents=True)
    (package / "__init__.py").write_text(KILLER)
    command = [*SWEEP, *TWO, "seed=0,1,2,3", "+callbacks.killer={_target_: killing.Killer}"]
    command += ["plugins=[killing]"]
    places = {"PYTHONPATH": str(package.parent)}
    status, words = ended(start(tmp_path, cache, *command, KILL="1", **places))
    assert status == 1, words
    (folder,) = folders(tmp_path)
    jobs = ledger.read(folder)
    assert [job.state for job in jobs] == ["done", "killed", "done", "done"], words
    assert "its process ended with SIGKILL, by the system if memory ran out" in jobs[1].reason
    assert table(words)["seed"].tolist() == [0, 2, 3]
    before = written(tmp_path)
    status, words = ended(start(tmp_path, cache, *command, KILL="", **places))
    assert status == 0 and "1 cut off go on from their last checkpoint" in words, words
    assert before.items() <= written(tmp_path).items()
    got = table(words)
    pd.testing.assert_frame_equal(got[["seed", "measured"]], reference[["seed", "measured"]])


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_sweep_of_processes_that_is_stopped_leaves_no_orphan(
    signum: int, tmp_path: Path, cache: Path
) -> None:
    process = start(tmp_path, cache, *SWEEP, *TWO, "seed=0,1,2,3", "trainer.max_epochs=100000")
    assert wait_for(process, lambda: len(list(tmp_path.glob("*/*/*/checkpoints/last.ckpt"))) == 2)
    process.send_signal(signum)
    status, words = ended(process)
    assert status == 128 + signum and "Traceback" not in words, words
    assert states(tmp_path) == ["killed", "killed"]
    deadline = time.monotonic() + 20
    while alive(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert alive(tmp_path) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("launcher", [[], TWO], ids=["one", "two"])
def test_ten_kills_of_twelve_jobs(launcher: list[str], tmp_path: Path, cache: Path) -> None:
    command = [*SWEEP, *launcher, "seed=" + ",".join(map(str, range(12)))]
    began = time.monotonic()
    status, words = ended(start(tmp_path / "whole", cache, *command))
    seconds = time.monotonic() - began
    assert status == 0, words
    reference = table(words)
    outputs, rng, kept = tmp_path / "killed", random.Random(0), {}
    for n in range(10):
        process = start(outputs, cache, *command)
        time.sleep(rng.uniform(0.1, 0.5) * seconds)
        if process.poll() is not None:
            break
        kill(process)
        assert kept.items() <= written(outputs).items()
        kept = written(outputs)
        print(f"kill {n}: {len(kept)} jobs done, {states(outputs)}", flush=True)
    status, words = ended(start(outputs, cache, *command))
    assert status == 0, words
    assert len(folders(outputs)) == 1 and states(outputs) == ["done"] * 12
    assert kept.items() <= written(outputs).items()
    pd.testing.assert_frame_equal(table(words), reference)
