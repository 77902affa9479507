"""A job that fails, in whatever way, costs itself only; those of a cluster are requeued.

Long form (three launchers): pytest -m slow -s tests/reliability/test_failing_jobs.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from program import TASK, Forked, ended, rows, wait_for

from muso_exp.experiment import ledger

TESTS = Path(__file__).parent.parent
PLUGIN = {"PYTHONPATH": os.pathsep.join([str(TESTS / "reliability"), str(TESTS)])}
SWEEP = [*TASK, "-m", "plugins=[failing_jobs]", "+callbacks=fails", "trainer.max_epochs=4"]
SWEEP += ["checkpoint_every=1", "table_metrics=[recall]"]
STATES = {
    "none": ("done", ""),
    "error": ("failed", "RuntimeError: of its own"),
    "leave": ("failed", "ended the program with sys.exit(7)"),
    "vanish": ("killed", "its process ended with exit status 7"),
    "sigkill": ("killed", "SIGKILL (the system sends it when memory runs out)"),
    "sigterm": ("killed", "stopped by SIGTERM"),
    "memory": ("failed", "out of memory"),
    "nonfinite": ("failed", "train/loss is nan"),
}


def swept(tmp_path: Path, cache: Path, hows: list[str], *more: str) -> tuple[int, str, Path]:
    args = [*SWEEP, f"callbacks.fails.how={','.join(hows)}", *more]
    status, words = ended(Forked(tmp_path, cache, *args, own_group=True, **PLUGIN))
    (folder,) = [path.parent for path in tmp_path.glob("playlist_membership/*/sweep.json")]
    return status, words, folder


def tracked(tmp_path: Path) -> list[tuple[str, str]]:
    return rows(tmp_path, "select name, status from runs order by start_time")


def check(status: int, words: str, folder: Path, hows: list[str]) -> None:
    jobs = ledger.read(folder)
    assert [job.state for job in jobs] == [STATES[how][0] for how in hows], words
    for job, how in zip(jobs, hows, strict=True):
        assert STATES[how][1] in job.reason, (how, job)
    assert status == 1 and f"{len(hows) - hows.count('none')} of {len(hows)} jobs failed" in words
    table = pd.read_csv(folder / "table.csv")
    assert len(table) == hows.count("none")


def test_a_job_costs_itself_alone_however_it_ends(tmp_path: Path, cache: Path) -> None:
    hows = ["sigkill", "vanish", "error", "leave", "sigterm", "memory", "nonfinite", "none"]
    status, words, folder = swept(tmp_path, cache, hows)
    check(status, words, folder, hows)
    parent, *jobs = tracked(tmp_path)
    assert [status for _, status in jobs] == [
        *("KILLED", "KILLED", "FAILED", "FAILED", "KILLED", "FAILED", "FAILED", "FINISHED")
    ]
    assert parent[1] == "FAILED"


def test_jobs_of_a_cluster_are_requeued_and_killed(tmp_path: Path, cache: Path) -> None:
    """Each job is a process that imports the program anew: three stand for all."""
    hows = ["preempted", "sigkill", "none"]
    status, words, folder = swept(tmp_path, cache, hows, "hydra/launcher=submitit_local")
    assert status == 1 and "1 of 3 jobs failed" in words, words
    jobs = ledger.read(folder)
    assert [job.state for job in jobs] == ["done", "killed", "done"], words
    assert "its process ended without a result" in jobs[1].reason
    requeued, whole = (json.loads((folder / n / "metrics.json").read_text()) for n in ("0", "2"))
    assert requeued["metrics"] == whole["metrics"] and requeued["epochs"] == whole["epochs"] == 4
    said = ["".join(map(Path.read_text, (folder / ".submitit").glob(f"*/*.{kind}")))
            for kind in ("out", "err")]  # fmt: skip
    assert said[0].count("Requeued job") == 1 and "goes on from its last checkpoint" in said[1]
    found = sorted(status for name, status in tracked(tmp_path) if "how=preempted" in name)
    assert found == ["FINISHED", "KILLED"]
    others = dict(tracked(tmp_path))
    assert others["how=sigkill"] == "KILLED" and others["how=none"] == "FINISHED"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_job_of_a_cluster_that_is_cancelled_costs_itself_alone(
    tmp_path: Path, cache: Path
) -> None:
    hows = ["sigterm", "none"]
    status, words, folder = swept(tmp_path, cache, hows, "hydra/launcher=submitit_local")
    assert status == 1 and "1 of 2 jobs failed" in words, words
    jobs = ledger.read(folder)
    assert [job.state for job in jobs] == ["killed", "done"], words
    assert jobs[0].reason == "stopped by SIGTERM"
    _, *found = tracked(tmp_path)
    assert dict(found) == {"how=sigterm": "KILLED", "how=none": "FINISHED"}


@pytest.mark.parametrize("launcher", ["basic", "joblib", "submitit_local"])
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_sweeps_with_a_job_that_fails(launcher: str, tmp_path: Path, cache: Path) -> None:
    for how in ("error", "leave", "sigkill", "memory", "nonfinite"):
        outputs = tmp_path / how
        outputs.mkdir()
        more = (f"hydra/launcher={launcher}", "logger=none", "seed=0,1")
        _, words, folder = swept(outputs, cache, [how, "none"], *more)
        states = [job.state for job in ledger.read(folder)]
        bad = STATES[how][0]
        assert states == [bad, bad, "done", "done"], words
        assert len(pd.read_csv(folder / "table.csv")) == 2
        print(f"| {launcher} | {how} | {states} |", flush=True)


def test_sigterm_ends_all_jobs_and_leaves_no_orphan(tmp_path: Path, cache: Path) -> None:
    args = [*TASK, "-m", "seed=0,1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    args += ["trainer.max_epochs=100000", "checkpoint_every=1"]
    process = Forked(tmp_path, cache, *args, own_group=True)
    assert wait_for(process, lambda: len(list(tmp_path.glob("*/*/*/checkpoints/last.ckpt"))) == 2)
    process.terminate()
    status, words = ended(process)
    assert status == 128 + 15 and "the same command goes on" in words, words
    assert "Traceback" not in words, words
    left = [path for path in Path("/proc").glob("[0-9]*/environ") if _has(path, str(tmp_path))]
    assert not left
    assert {status for _, status in tracked(tmp_path)} == {"KILLED"}
    (folder,) = [path.parent for path in tmp_path.glob("playlist_membership/*/sweep.json")]
    assert [job.state for job in ledger.read(folder)] == ["killed", "killed"]


def _has(path: Path, text: str) -> bool:
    try:
        return f"MUSO_OUTPUTS={text}" in path.read_text(errors="replace")
    except OSError:
        return False
