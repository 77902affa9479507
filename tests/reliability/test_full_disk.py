"""A file system that fills up at any moment of a run: one line, a whole store, and room mends it.

pytest -m slow -s tests/reliability/test_full_disk.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import TASK, ended, is_whole, start, statuses

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
SAID = ("No space left on device", "disk is full")  # of the system, of sqlite


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def give(disk: Path, n_bytes: int) -> None:
    options = f"remount,size={max(n_bytes // 4096, 1) * 4096}"
    subprocess.run(["mount", "-o", options, str(disk)], check=True)


def used(disk: Path) -> int:
    return shutil.disk_usage(disk).used


@pytest.mark.skipif(os.name != "posix" or shutil.which("mount") is None, reason="no mount")
def test_a_disk_that_fills_up_is_said_in_a_line_and_room_mends_it(disk: Path, cache: Path) -> None:
    assert ended(start(disk / "whole", cache, *TASK))[0] == 0
    needed = used(disk)
    shutil.rmtree(disk / "whole")
    n_full = 0
    for percent in (0, 10, 60, 75, 90, 97):
        give(disk, needed * percent // 100)
        outputs = disk / f"outputs-{percent}"
        status, words = ended(start(outputs, cache, *TASK))
        last = (words.strip().splitlines() or [""])[-1]
        said = f"{percent} % of {needed} bytes | {status} | {last[-110:]}"
        print(f"| {said} | {statuses(outputs)} |", flush=True)
        give(disk, 64 * 2**20)
        if status:
            n_full += 1
            assert "Traceback" not in words and any(said in last for said in SAID), words
            assert not list(outputs.glob("**/metrics.json"))
        assert ended(start(outputs, cache, *TASK))[0] == 0
        assert is_whole(outputs) and "RUNNING" not in statuses(outputs)
        shutil.rmtree(outputs)
    assert n_full >= 4
