"""Runs of several processes: `trainer=ddp` on two CPUs, and a sweep that joblib launches.

pytest -m slow -s tests/reliability/test_several_processes.py
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest
from program import TASK, ended, is_whole, rows, start, statuses, wait_for

from muso_exp.experiment.ledger import read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
TWO = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
LONG = [*TASK, "trainer.max_epochs=100000", "checkpoint_every=1"]
JOBLIB = ["-m", "seed=0,1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]


def children(pid: int) -> list[int]:
    """Return the processes that a process started, without joblib's tracker of resources."""
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [child for child in found if "resource_tracker" not in command(child)]


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def all_ended(pids: list[int], patience: float = 120) -> bool:
    """Wait until processes have ended; end those that have not, and return False."""
    deadline = time.monotonic() + patience
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    late = [pid for pid in pids if is_alive(pid)]
    for pid in late:
        os.kill(pid, signal.SIGKILL)
    return not late


def test_two_processes_test_each_row_once_and_log_what_the_card_says(
    tmp_path: Path, cache: Path
) -> None:
    run = tmp_path / "run"
    args = [*TASK, *TWO, "dataset.batch_size=7", f"hydra.run.dir={run}"]  # 12 and 6 batches
    status, words = ended(start(tmp_path, cache, *args))
    assert status == 0 and "sync_dist" not in words, words
    assert re.search(r"Warning|\.py:\d+: ", words) is None, words  # as Lightning prints its own
    card = json.loads((run / "metrics.json").read_text())["metrics"]
    query = "select key, value from latest_metrics where key like 'test/%'"
    logged = {key.removeprefix("test/"): value for key, value in rows(tmp_path, query)}
    assert {name: logged[name] for name in card} == pytest.approx(card, abs=1e-6)
    assert statuses(tmp_path) == ["FINISHED"]


def test_two_machines_train_one_run_and_write_it_once(tmp_path: Path, cache: Path) -> None:
    run = tmp_path / "run"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    args = [*TASK, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=1"]
    args += ["trainer.num_nodes=2", f"hydra.run.dir={run}"]
    nodes = [
        start(
            tmp_path,
            cache,
            *args,
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=port,
            NODE_RANK=rank,
            LOCAL_RANK="0",
        )
        for rank in ("1", "0")  # the first one comes last, and the other waits for it
    ]
    for status, words in map(ended, nodes):
        assert status == 0 and "Traceback" not in words, words
    assert statuses(tmp_path) == ["FINISHED"] and (run / "metrics.json").is_file()
    assert list(tmp_path.glob("*/*/metrics.json")) == []


@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_process_of_two_ends_the_other_and_the_run(
    rank: int, tmp_path: Path, cache: Path
) -> None:
    process = start(tmp_path, cache, *LONG, *TWO)
    assert wait_for(process, lambda: list(tmp_path.glob("*/*/checkpoints/last.ckpt")))
    (other,) = children(process.pid)
    os.kill((process.pid, other)[rank], signal.SIGKILL)
    status, words = ended(process)
    assert all_ended([other]) and status != 0 and "Traceback" not in words, words
    print(f"| rank {rank} killed | {status} | {(words.splitlines() or [''])[-1][:90]} |")
    assert ended(start(tmp_path, cache, *TASK))[0] == 0
    first, *_, last = statuses(tmp_path)
    assert first in ("KILLED", "FAILED") and last == "FINISHED" and is_whole(tmp_path)


@pytest.mark.parametrize("victim", ["a job", "the launcher"])
def test_a_killed_job_of_joblib_leaves_no_run_that_stays_running(
    victim: str, tmp_path: Path, cache: Path
) -> None:
    process = start(tmp_path, cache, *LONG, *JOBLIB)
    assert wait_for(process, lambda: len(list(tmp_path.glob("**/last.ckpt"))) == 2)
    (server,) = children(process.pid)
    jobs = children(server)
    os.kill(jobs[0] if victim == "a job" else process.pid, signal.SIGKILL)
    if victim == "a job":  # the other goes on
        (folder,) = [path.parent for path in tmp_path.glob("*/*/sweep.json")]
        states = ["killed", "running"]
        assert wait_for(process, lambda: sorted(one.state for one in read(folder)) == states)
        process.terminate()
    status, words = ended(process)
    assert all_ended([server, *jobs]) and status != 0
    print(f"| joblib: {victim} killed | {status} | {(words.splitlines() or [''])[-1][:90]} |")
    assert "Traceback" not in words, words
    assert ended(start(tmp_path, cache, *TASK))[0] == 0
    *stopped, last = statuses(tmp_path)
    assert len(stopped) == 3 and set(stopped) <= {"KILLED", "FAILED"} and last == "FINISHED"
    assert is_whole(tmp_path)
