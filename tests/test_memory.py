"""A process that is given a share of memory sees no more free than that, and gets no more."""

import subprocess
import sys
from pathlib import Path

import pytest

from muso_exp.memory import _cgroup_left

PROGRAM = """
import numpy as np
from muso_exp.memory import available_memory, limit_data
limit_data(2**28)
share = available_memory()
held = np.ones(2**24)  # 128 MiB of 256
try:
    np.ones(2**25)
except MemoryError:
    print(share)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_share_of_memory_is_what_is_free_and_what_can_be_had() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    assert 0 < int(answer.stdout) <= 2**28


def group(folder: Path, limit: object, taken: int, droppable: int | None = None) -> None:
    """A group as Linux shows it, in the files of its version."""
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    names = names if "memory" in folder.parts else ("memory.max", "memory.current", "inactive_file")
    folder.mkdir(parents=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{taken}\n")
    if droppable is not None:
        (folder / "memory.stat").write_text(f"file 9\n{names[2]} {droppable}\n")


UNLIMITED = 2**63 - 4096  # as version 1 has it


@pytest.mark.parametrize(
    ("own", "groups", "left"),
    [
        ("0::/job/step\n", {"job": (500, 100), "job/step": ("max", 90)}, 400),
        ("0::/job/step\n", {"job": (500, 100), "job/step": (300, 90)}, 210),
        ("0::/job/step\n", {"job": (500, 450), "job/step": (300, 90)}, 50),
        ("0::/job\n", {"job": (500, 450, 150)}, 200),  # what files take is dropped where needed
        ("0::/job\n", {"job": (500, 600)}, 0),
        ("0::/job\n", {"job": ("max", 600), "other": (500, 100)}, None),
        ("0::/../elsewhere\n", {"": (500, 100)}, 400),
        ("4:cpu,memory:/job\n0::/\n", {"memory": (UNLIMITED, 9), "memory/job": (500, 9)}, 491),
        ("4:memory:/job\n0::/\n", {"memory": (700, 50, 20), "memory/job": (UNLIMITED, 9)}, 670),
        ("4:memory:/docker/1a2b\n", {"memory": (500, 100)}, 400),  # of the machine, not seen here
        ("4:memory:/\n3:cpu:/job\n", {"memory": (UNLIMITED, 9)}, None),
    ],
)
def test_the_groups_around_a_process_leave_it_the_least_of_what_each_has(
    own: str, groups: dict[str, tuple], left: int | None, tmp_path: Path
) -> None:
    mount = tmp_path / "groups"
    for name, facts in groups.items():
        group(mount / name, *facts)
    (tmp_path / "own").write_text(own)
    assert _cgroup_left(mount, tmp_path / "own") == left
    assert _cgroup_left(mount, tmp_path / "absent") is None
