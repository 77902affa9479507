"""How a run or a sweep can end: exit status, words, MLflow status, and what is left.

The table of all of them: pytest -m "slow or not slow" -s tests/reliability/test_endings.py
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from program import REPOSITORY, TASK, ended, left_of_group, start, statuses, wait_for

from muso_exp.data.playlists import Playlists
from muso_exp.errors import DataFormatError
from muso_exp.models.dff import DFF
from muso_exp.training import tracking_store as store
from muso_exp.training.checkpoint import AtomicCheckpointIO

LONG = [*TASK, "trainer.max_epochs=100000", "checkpoint_every=1"]
SWEEP = ["-m", "seed=0,1"]
FULL = OSError(errno.ENOSPC, "No space left on device", "last.ckpt")


def raising(ending: BaseException) -> Callable[..., None]:
    def method(*_: object, **__: object) -> None:
        raise ending

    return method


def left(outputs: Path) -> str:
    """Return what lies in the folders of runs and sweeps, shortly."""
    folders = [path for path in outputs.glob("playlist_membership/*") if path.is_dir()]
    inside = {path.name for folder in folders for path in folder.rglob("*") if path.is_file()}
    kinds = ("last.ckpt", "metrics.json", "jobs.csv", "table.csv", "run.log")
    return " ".join(kind for kind in kinds if kind in inside) or "nothing"


def tell(name: str, code: int, words: str, outputs: Path) -> None:
    last = (words.strip().splitlines() or ["(none)"])[-1]
    said = " ".join(statuses(outputs)) or "none"
    print(f"| {name} | {code} | {last[:90]} | {said} | {left(outputs)} |")


# name, where (a class and its method), how it ends, extra arguments, status, words, MLflow, left
INSIDE = [
    ("sys.exit(3) in a model", (DFF, "training_step"), SystemExit(3), [], 1,
     "the model or data set ended the program with sys.exit(3)", ["FAILED"], "run.log"),
    ("sys.exit() in a model", (DFF, "training_step"), SystemExit(), [], 1,
     "ended the program with sys.exit()", ["FAILED"], "run.log"),
    ("KeyboardInterrupt in a model", (DFF, "training_step"), KeyboardInterrupt(), [], 130,
     "stopped by a KeyboardInterrupt inside the model", ["KILLED"], "run.log"),
    ("exception in a model", (DFF, "training_step"), RuntimeError("a fault"), [], 1,
     "RuntimeError: a fault", ["FAILED"], "run.log"),
    ("sys.exit(0) in a data set", (Playlists, "prepare_data"), SystemExit(0), [], 1,
     "ended the program with sys.exit(0)", [], "nothing"),
    ("KeyboardInterrupt in a data set", (Playlists, "setup"), KeyboardInterrupt(), [], 130,
     "stopped by a KeyboardInterrupt", [], "nothing"),
    ("exception in a data set", (Playlists, "setup"), RuntimeError("a fault"), [], 1,
     "RuntimeError: a fault", [], "nothing"),
    ("bad file of a data set", (Playlists, "setup"), DataFormatError("x.csv", "no id"), [], 1,
     "x.csv: no id", [], "nothing"),
    ("full disk in training", (AtomicCheckpointIO, "save_checkpoint"), FULL, [], 1,
     "No space left on device; free some, or set paths.outputs", ["FAILED"], "run.log"),
    ("sweep: sys.exit in its first run", (DFF, "training_step"), SystemExit(3), SWEEP, 1,
     "ended the program with sys.exit(3)", ["FAILED"] * 3, "jobs.csv run.log"),
    ("sweep: KeyboardInterrupt", (DFF, "training_step"), KeyboardInterrupt(), SWEEP, 130,
     "the same command goes on", ["KILLED", "KILLED"],
     "jobs.csv run.log"),
    ("sweep: bad data", (Playlists, "setup"), DataFormatError("x.csv", "no id"), SWEEP, 1,
     "2 of 2 jobs failed, the first is 0 (seed=0): failed: x.csv: no id", ["FAILED"], "jobs.csv"),
]  # fmt: skip


@pytest.fixture
def outputs(tmp_path: Path, whole_store: Path) -> Path:
    """Outputs with a store that is made already."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    (folder / "mlflow.db").write_bytes(whole_store.read_bytes())
    return folder


@pytest.fixture(scope="session")
def whole_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("store") / "mlflow.db"
    with store.opened(f"sqlite:///{database}"):
        pass
    return database


@pytest.mark.parametrize(
    ("name", "where", "ending", "args", "status", "words", "tracked", "remains"),
    INSIDE,
    ids=[row[0] for row in INSIDE],
)
def test_an_ending_from_inside(
    name: str,
    where: tuple[type, str],
    ending: BaseException,
    args: list[str],
    status: int,
    words: str,
    tracked: list[str],
    remains: str,
    call: callable,
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(*where, raising(ending))
    code, _, err = call(*TASK, *args)
    tell(name, code, err, outputs)
    assert (code, statuses(outputs), left(outputs)) == (status, tracked, remains)
    assert words in err.strip().splitlines()[-1]
    assert ("Traceback" in err) is isinstance(ending, RuntimeError)  # a fault of the program


def lock(outputs: Path) -> object:
    connection = sqlite3.connect(outputs / "mlflow.db")
    connection.execute("begin exclusive")
    return closing(connection)


def hold(outputs: Path) -> object:
    file = (outputs / "mlflow.db.lock").open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


@pytest.mark.parametrize(
    ("name", "seize", "args", "words"),
    [
        ("store locked", lock, [], "database is locked; another program holds it"),
        ("store being opened by another", hold, [], "another run holds"),
        ("sweep: store locked", lock, SWEEP, "database is locked; another program holds it"),
    ],
)
def test_a_store_that_is_not_to_be_had(
    name: str,
    seize: Callable[[Path], object],
    args: list[str],
    words: str,
    call: callable,
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    with seize(outputs):
        code, _, err = call(*TASK, *args)
    tell(name, code, err, outputs)
    assert (code, statuses(outputs), left(outputs)) == (1, [], "nothing")
    assert words in err.strip().splitlines()[-1] and "Traceback" not in err


SIGNALS = [
    ("SIGINT", signal.SIGINT, "KILLED"),
    ("SIGTERM", signal.SIGTERM, "KILLED"),
    ("SIGHUP", signal.SIGHUP, "KILLED"),
    ("SIGKILL", signal.SIGKILL, "RUNNING"),
]
MODES = [("", []), ("sweep: ", ["-m", "seed=0,1"])]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("prefix", "args"), MODES, ids=["run", "sweep"])
@pytest.mark.parametrize(("name", "signum", "at_once"), SIGNALS, ids=[row[0] for row in SIGNALS])
def test_a_signal_in_training(
    name: str,
    signum: int,
    at_once: str,
    prefix: str,
    args: list[str],
    outputs: Path,
    cache: Path,
) -> None:
    process = start(outputs, cache, *LONG, *args, own_group=True)
    assert wait_for(process, lambda: list(outputs.glob("*/**/last.ckpt")))
    process.send_signal(signum)
    code, words = ended(process)
    tell(prefix + name, code, words, outputs)
    n_runs = 2 if args else 1  # the parent of a sweep, and its first run
    kept = "last.ckpt jobs.csv run.log" if args else "last.ckpt run.log"
    assert statuses(outputs) == [at_once] * n_runs and left(outputs) == kept
    assert "Traceback" not in words and left_of_group(process.pid) == []
    if signum == signal.SIGKILL:
        assert code == -signum
        assert ended(start(outputs, cache, *TASK))[0] == 0
        assert statuses(outputs) == ["KILLED"] * n_runs + ["FINISHED"]
    else:
        assert code == 128 + signum and f"stopped by {name}" in words.strip().splitlines()[-1]


LEAVES = (
    "import os; from muso_exp.models.dff import DFF; from muso_exp.__main__ import main; "
    "DFF.training_step = lambda *_: os._exit(7); main()"
)


def leave(outputs: Path, cache: Path, *args: str) -> tuple[int, str, list[int]]:
    """Run a model that ends its process without a word; return also what still runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEAVES, *TASK, *args],
        cwd=REPOSITORY,
        env={**os.environ, "MUSO_OUTPUTS": str(outputs), "MUSO_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    code, words = ended(process)
    tell(f"{'sweep: ' * bool(args)}os._exit(7) in a model", code, words, outputs)
    return code, words, left_of_group(process.pid)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_model_that_leaves_without_a_word_ends_killed_at_the_next_start(
    outputs: Path, cache: Path
) -> None:
    code, _, running = leave(outputs, cache)
    assert code == 7 and statuses(outputs) == ["RUNNING"] and running == []
    assert ended(start(outputs, cache, *TASK))[0] == 0
    assert statuses(outputs) == ["KILLED", "FINISHED"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_jobs_that_leave_without_a_word_are_named_by_their_sweep(
    outputs: Path, cache: Path
) -> None:
    code, words, running = leave(outputs, cache, *SWEEP)
    last = words.strip().splitlines()[-1]
    assert code == 1 and "2 of 2 jobs failed" in last and "ended with exit status 7" in last
    assert statuses(outputs) == ["FAILED", "KILLED", "KILLED"] and running == []
    assert left(outputs) == "jobs.csv run.log" and "Traceback" not in words
