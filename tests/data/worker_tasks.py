"""What the workers in the tests do; light, for each of them imports it."""

import os
import signal
import time

import numpy as np

from muso_exp.sound.clips import ClipFacts, ClipOptions, write_clip


def double(task: str | int) -> int:
    if task == "hang":
        time.sleep(1000)
    if task == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "leave":
        os._exit(3)
    if task == "eat":
        np.ones(2**28)
    if task == "raise":
        raise KeyError("strange file")
    return 2 * int(task)


def strange_clip(options: ClipOptions, task: tuple[str, str, int]) -> ClipFacts:
    """As `write_clip`, but the first three rows of a shard hang, eat and die."""
    row = task[2]
    if row < 3:
        double(("hang", "eat", "die")[row])
    return write_clip(options, task)
