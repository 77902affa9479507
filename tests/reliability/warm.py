"""Imported once by the server that forks processes for tests: imports take seconds."""

import os
import sys
from collections.abc import Callable
from importlib import import_module

from undrawn import draw_none

from muso_exp.experiment.job_server import PRELOADED, TRACKING

for name in (*PRELOADED, *TRACKING, "muso_exp.data.playlists", "muso_exp.models.dff"):
    import_module(name)
draw_none()


def called(
    function: Callable[[], object],
    words: str,
    own_group: bool,
    environment: dict[str, str],
    args: list[str],
) -> None:
    """Be a process that calls a function, the program's `main` say; its words go to a file."""
    if own_group:
        os.setsid()
    os.environ.update(environment)
    if "PYTHONPATH" in environment:
        sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    file = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv[:] = ["muso_exp", *args]
    function()
