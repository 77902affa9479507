"""What may be removed of the outputs, and what never."""

import os
import time
from pathlib import Path

import pytest
from filelock import FileLock

from muso_exp.training import pruned


def run(outputs: Path, name: str, finished: bool, days: float = 40.0) -> Path:
    folder = outputs / "experiment" / name
    (folder / "checkpoints").mkdir(parents=True)
    for file in ("run.lock", "run.log", "checkpoints/last.ckpt"):
        (folder / file).write_bytes(b"x" * 1000)
    if finished:
        (folder / "metrics.json").write_text("{}")
    then = time.time() - days * 86400
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (then, then))
    return folder


def names(found: object) -> list[str]:
    return [one.path.name for one in found]


def test_runs_that_never_finished_and_are_old_are_found(tmp_path: Path) -> None:
    run(tmp_path, "done", finished=True)
    run(tmp_path, "young", finished=False, days=1)
    old = run(tmp_path, "old", finished=False)
    (tmp_path / "experiment" / "notes").mkdir()  # of the user's own
    (found,) = pruned.find_unfinished(tmp_path, 30)
    assert (found.path, found.why) == (old, "never finished") and found.n_bytes >= 3000
    assert pruned.remove(found) and not old.exists()
    assert names(pruned.find_unfinished(tmp_path, 0)) == ["young"]


def test_checkpoints_go_and_numbers_stay(tmp_path: Path) -> None:
    folder = run(tmp_path, "done", finished=True)
    run(tmp_path, "cut_off", finished=False)  # it can be resumed
    (found,) = pruned.find_checkpoints(tmp_path, 30)
    assert pruned.remove(found)
    assert (folder / "metrics.json").exists() and not (folder / "checkpoints").exists()


def test_what_a_process_uses_stays(tmp_path: Path) -> None:
    folder = run(tmp_path, "old", finished=False)
    (found,) = pruned.find_unfinished(tmp_path, 30)
    with FileLock(folder / "run.lock"):
        assert list(pruned.find_unfinished(tmp_path, 30)) == []
        assert not pruned.remove(found)
    assert folder.exists()


def test_what_another_user_owns_and_links_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run(tmp_path, "old", finished=False)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "link").symlink_to(folder)
    assert list(pruned.find_cached(tmp_path / "cache", 0)) == []
    (found,) = pruned.find_unfinished(tmp_path, 30)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert list(pruned.find_unfinished(tmp_path, 30)) == []
    assert not pruned.remove(found) and folder.exists()


def test_old_entries_of_the_cache_are_found(tmp_path: Path) -> None:
    for name in ("entry", "entry.lock", ".half", "file.npz"):
        (tmp_path / name).write_text("x")
    assert names(pruned.find_cached(tmp_path, 0)) == ["entry", "file.npz"]
    assert list(pruned.find_cached(tmp_path, 1)) == []
