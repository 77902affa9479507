import errno
import logging
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from muso_exp import cache as module
from muso_exp.cache import MANIFEST, SMALL, cache_key, cached_file, cached_folder
from muso_exp.errors import ConfigError


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_key_follows_name_version_parameters_and_input() -> None:
    keys = {
        cache_key("bfs", 1, {"n": 3}),
        cache_key("tags", 1, {"n": 3}),
        cache_key("bfs", 2, {"n": 3}),
        cache_key("bfs", 1, {"n": 4}),
        cache_key("bfs", 1, {"n": 3}, "fingerprint"),
    }
    assert len(keys) == 5
    assert cache_key("bfs", 1, {"a": 1, "b": 2}) == cache_key("bfs", 1, {"b": 2, "a": 1})
    assert cache_key("bfs", 1, {}).startswith("bfs-")


def test_a_file_is_written_once(tmp_path: Path) -> None:
    calls: list[Path] = []

    def write(path: Path) -> None:
        calls.append(path)
        path.write_text("whole")

    for _ in range(2):
        path = cached_file(tmp_path / "cache", "key", "data.txt", write)
        assert path.read_text() == "whole"
    assert len(calls) == 1
    assert entries(tmp_path / "cache") == ["key"]


def test_an_error_leaves_nothing_and_the_next_try_succeeds(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_folder(tmp_path, "key", fail)
    assert entries(tmp_path) == []
    cached_folder(tmp_path, "key", lambda folder: (folder / "whole").write_text("x") and None)
    assert [path.name for path in (tmp_path / "key").glob("[!.]*")] == ["whole"]


def test_leftovers_of_a_killed_process_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "key.partial").mkdir()
    (tmp_path / "key.partial" / "torn").write_text("torn")
    folder = cached_folder(tmp_path, "key", lambda new: (new / "whole").write_text("x") and None)
    assert [path.name for path in folder.glob("[!.]*")] == ["whole"]


def test_a_cache_that_cannot_be_made_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"paths.cache=.*file/cache: cannot be written: Not a di"):
        cached_folder(tmp_path / "file" / "cache", "key", lambda folder: None)


def test_what_arrow_says_of_a_full_disk_is_said_in_the_words_of_the_system(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left")
    with pytest.raises(ConfigError, match=r"cannot be written: No space left on device$"):
        cached_folder(tmp_path, "key", Mock(side_effect=full))
    assert not (tmp_path / "key").exists()


def slow_write(folder: Path) -> None:
    (folder / "a").write_text(str(os.getpid()))
    time.sleep(0.2)
    (folder / "b").write_text(str(os.getpid()))


def ask(cache: Path, answers: "multiprocessing.Queue[tuple[str, str]]") -> None:
    folder = cached_folder(cache, "key", slow_write)
    answers.put(((folder / "a").read_text(), (folder / "b").read_text()))


def test_racing_processes_all_read_what_one_of_them_wrote(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    workers = [context.Process(target=ask, args=(tmp_path, answers)) for _ in range(4)]
    for worker in workers:
        worker.start()
    found = {answers.get(timeout=30) for _ in workers}
    for worker in workers:
        worker.join()
    assert len(found) == 1
    one, other = found.pop()
    assert one == other


SIZES = {"small.csv": 1000, "large.bin": 4 * SMALL, "inner/third.csv": 10}


def fill(folder: Path) -> None:
    (folder / "inner").mkdir()
    for name, size in SIZES.items():
        (folder / name).write_bytes(b"a" * size)


def flip(path: Path, keep_time: bool) -> None:
    state = path.stat()
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    if keep_time:
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def swapped(folder: Path) -> None:
    (folder / "large.bin").unlink()
    (folder / "large.bin").mkdir()


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "half a file": (lambda f: os.truncate(f / "large.bin", 2 * SMALL), "bytes of"),
    "a missing file": (lambda f: (f / "inner" / "third.csv").unlink(), "third.csv: No such file"),
    "a zero-length file": (lambda f: os.truncate(f / "small.csv", 0), "small.csv: 0 bytes of 1000"),
    "flipped bytes": (lambda f: flip(f / "large.bin", False), "large.bin: another content"),
    "a small file, flipped in silence": (
        lambda f: flip(f / "small.csv", True),
        "small.csv: another content",
    ),
    "a folder for a file": (swapped, "large.bin: no file"),
    "an empty folder": (emptied, "No such file"),
    "no manifest, as older versions wrote it": (lambda f: (f / MANIFEST).unlink(), "No such file"),
    "a torn manifest": (lambda f: os.truncate(f / MANIFEST, 20), "cannot be read"),
    "a manifest of another form": (lambda f: (f / MANIFEST).write_text("[1]"), "cannot be read"),
    "a file for the folder": (a_file, "Not a directory"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_entry_is_made_anew_with_a_line(
    case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage, reason = DAMAGES[case]
    folder = cached_folder(tmp_path, "key", fill)
    damage(folder)
    with caplog.at_level(logging.WARNING):
        assert cached_folder(tmp_path, "key", fill) == folder
    assert {name: (folder / name).read_bytes() for name in SIZES} == {
        name: b"a" * size for name, size in SIZES.items()
    }
    (line,) = caplog.messages
    assert "damaged (" in line and reason in line and "it is made anew" in line
    assert entries(tmp_path) == ["key"]
    assert cached_folder(tmp_path, "key", lambda _: pytest.fail("written again")) == folder


def test_an_unreadable_file_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cached_folder(tmp_path, "key", fill)
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: False)
        assert "cannot be read" in str(module._damage(folder))


def test_a_copied_entry_is_hashed_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(cached_folder(tmp_path / "a", "key", fill), tmp_path / "b" / "key")
    os.utime(tmp_path / "b" / "key" / "large.bin", ns=(0, 0))
    cached_folder(tmp_path / "b", "key", lambda _: pytest.fail("written again"))
    hashed: list[str] = []
    real = module.file_hash
    monkeypatch.setattr(module, "file_hash", lambda path: (hashed.append(path.name), real(path))[1])
    cached_folder(tmp_path / "b", "key", lambda _: pytest.fail("written again"))
    assert sorted(hashed) == ["small.csv", "third.csv"]


def test_what_cannot_be_made_anew_leaves_the_damaged_entry(tmp_path: Path) -> None:
    folder = cached_folder(tmp_path, "key", fill)
    os.truncate(folder / "small.csv", 5)

    def fail(folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_folder(tmp_path, "key", fail)
    assert entries(tmp_path) == ["key"]
    cached_folder(tmp_path, "key", fill)
    assert (folder / "small.csv").stat().st_size == SIZES["small.csv"]
