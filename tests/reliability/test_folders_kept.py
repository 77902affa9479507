"""A folder of the user's is never touched, whatever goes wrong and wherever it is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from muso_exp.data.playlists import Playlists

TASK = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "callbacks.progress=null"]
TASK += ["logger=none"]


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return what lies in a folder: each path with its bytes."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    return {name: path.read_bytes() if path.is_file() else None for name, path in found.items()}


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """The user's folder: a text, and the run of somebody else."""
    folder = tmp_path / "precious"
    (folder / "run" / "checkpoints").mkdir(parents=True)
    (folder / "run" / ".hydra").mkdir()
    (folder / "thesis.txt").write_text("years of work")
    (folder / "config.yaml").write_text("mine: true")
    for name in ("run.log", "metrics.json", ".hydra/config.yaml", "checkpoints/last.ckpt"):
        (folder / "run" / name).write_text("of another run")
    (tmp_path / "link").symlink_to(folder)
    return folder


MULTI = ["-m", "seed=0,1"]
TRIALS = [
    (["hydra.run.dir={p}", "seed=-1"], 2, "precious: not empty"),
    (["hydra.run.dir={p}"], 2, "precious: not empty"),
    (["hydra.run.dir={p}/", "dataset.root=/nowhere"], 2, "precious: not empty"),
    (["hydra.run.dir={p}/../link", "seed=-1"], 2, "link: not empty"),
    (["hydra.run.dir={p}/run", "seed=-1"], 2, "run: not empty"),
    (["hydra.run.dir={p}/run", "ckpt={p}/run"], 2, "run: holds a finished run"),
    (["hydra.run.dir={p}/thesis.txt"], 2, "thesis.txt: not a folder"),
    (["hydra.run.dir=.", "model.lr=-1"], 2, "not empty"),
    (["paths.run={p}", "seed=-1"], 2, "precious: not empty"),
    (["paths.run={p}/run", "model.lr=-1"], 2, "run: not empty"),
    (["paths.run={p}/../link", "dataset.root=/nowhere"], 2, "link: not empty"),
    (["paths.run=.", "dataset.split.val_share=7"], 2, "not empty"),
    (["hydra.sweep.dir={p}", *MULTI], 2, "precious: not empty"),
    (["hydra.sweep.dir={p}/run", "-m", "seed=-1,-2"], 2, "run: not empty"),
    (["hydra.sweep.subdir={p}", *MULTI], 2, "only folders inside the sweep's"),
    (["hydra.sweep.subdir=../../../precious", *MULTI], 2, "only folders inside the sweep's"),
    (["hydra.sweep.subdir='${{paths.cache}}'", *MULTI], 2, "only folders inside the sweep's"),
    (["hydra.output_subdir={p}"], 2, "only .hydra"),
    (["paths.run={p}", *MULTI], 2, "each run of a sweep has a folder of its own"),
    (["+experiment=bogus", "hydra.run.dir={p}"], 2, "no experiment 'bogus'"),
]


@pytest.mark.parametrize(("args", "status", "words"), TRIALS, ids=lambda value: str(value)[:60])
def test_a_folder_that_holds_something_is_refused_and_left_as_it_is(
    args: list[str],
    status: int,
    words: str,
    precious: Path,
    call: callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(precious)
    before = contents(precious)
    code, _, err = call(*TASK, *[arg.format(p=precious) for arg in args])
    assert code == status
    assert words in err.strip().splitlines()[-1] and "Traceback" not in err
    assert contents(precious) == before
    outputs = precious.parent / "outputs"
    assert [path for path in outputs.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("mistake", ["seed=-1", "model.lr=-1", "dataset.root=/nowhere"])
def test_an_empty_folder_that_was_given_stays_and_stays_empty(
    mistake: str, tmp_path: Path, call: callable
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    assert call(*TASK, f"hydra.run.dir={given}", mistake)[0] != 0
    assert list(given.iterdir()) == []


def test_what_the_user_lays_into_a_folder_while_it_is_prepared_stays(
    tmp_path: Path, call: callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"

    def fails(self: Playlists) -> None:
        (run / "note.txt").write_text("mine")
        raise RuntimeError("a fault in the data")

    monkeypatch.setattr(Playlists, "prepare_data", fails)
    status, _, err = call(*TASK, f"hydra.run.dir={run}")
    assert status == 1 and "RuntimeError: a fault in the data" in err
    assert (run / "note.txt").read_text() == "mine"


def test_a_run_that_is_refused_in_its_own_folder_is_left_as_it_was(
    tmp_path: Path, call: callable
) -> None:
    run = tmp_path / "run"
    assert call(*TASK, f"hydra.run.dir={run}", "trainer.max_epochs=1")[0] == 0
    (run / "metrics.json").unlink()  # as if it had been stopped
    before = {name: held for name, held in contents(run).items() if name != "run.log"}
    status, _, err = call(*TASK, f"hydra.run.dir={run}", f"ckpt={run}", "model.lr=0.5")
    assert status == 1 and "another run: model.lr" in err
    after = {name: held for name, held in contents(run).items() if name != "run.log"}
    assert after == before


def test_a_run_is_not_resumed_where_it_is_going_on(tmp_path: Path, call: callable) -> None:
    from muso_exp.training.folders import abandon, claim

    assert call(*TASK, f"hydra.run.dir={tmp_path / 'run'}")[0] == 0
    (tmp_path / "run" / "metrics.json").unlink()
    pid = os.fork()
    if pid == 0:  # another process
        claim(tmp_path / "run", str(tmp_path / "run"))
        os.kill(os.getpid(), 19)  # stopped while it holds the folder
        abandon()
        os._exit(0)
    os.waitpid(pid, os.WUNTRACED)
    try:
        resumed = [f"hydra.run.dir={tmp_path / 'run'}", f"ckpt={tmp_path / 'run'}"]
        status, _, err = call(*TASK, *resumed)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    assert status == 2 and "belongs to another run" in err.splitlines()[-1]
