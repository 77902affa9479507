"""A process that is given a share of memory sees no more free than that, and gets no more."""

import subprocess
import sys

import pytest

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
