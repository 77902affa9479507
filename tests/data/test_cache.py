import multiprocessing
import os
import time
from pathlib import Path

import pytest

from muso_exp.cache import cache_key, cached_file, cached_folder
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
    assert [path.name for path in (tmp_path / "key").iterdir()] == ["whole"]


def test_leftovers_of_a_killed_process_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "key.partial").mkdir()
    (tmp_path / "key.partial" / "torn").write_text("torn")
    folder = cached_folder(tmp_path, "key", lambda new: (new / "whole").write_text("x") and None)
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_a_cache_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"paths.cache=.*file/cache: cannot be written: Not a di"):
        cached_folder(tmp_path / "file" / "cache", "key", lambda folder: None)


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
