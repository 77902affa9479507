import subprocess
import sys

from test_layers import PACKAGE

ALONE = """
import sys, torch
torch.set_num_threads(1)
import numpy as np
from muso_exp.features import clusters, forests, tag_curves, threads, wmf
tag_curves.tag_areas(np.ones((4, 2)), np.eye(4, 2), np.ones((3, 4)))
clusters.kmeans(np.eye(4), 2, n_init=1)
print(torch.get_num_threads(), threads.loop_threads())
"""


def test_compiled_loops_leave_torch_its_own_number_of_threads() -> None:
    """In a process of its own: they launch their threads once."""
    command = [sys.executable, "-c", ALONE]
    threads = {"NUMBA_NUM_THREADS": "3", "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, env=threads, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "3"]


def test_every_loop_on_several_threads_launches_them_so() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name != "threads.py":
            text = path.read_text(encoding="utf-8")
            assert "parallel=True" not in text and "import get_num_threads" not in text, path
