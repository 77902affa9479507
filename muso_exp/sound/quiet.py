"""Silence for C libraries that write to standard error by themselves (mpg123 at each seek)."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_lock = threading.Lock()
_inside: list[int] = []  # the real standard error, once for each thread that wants silence


@contextmanager
def quiet() -> Iterator[None]:
    """Discard what this process writes to standard error; threads may overlap."""
    with _lock:
        real = _inside[0] if _inside else os.dup(_STDERR)
        _inside.append(real)
        if len(_inside) == 1:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, _STDERR)
            os.close(nowhere)
    try:
        yield
    finally:
        with _lock:
            _inside.pop()
            if not _inside:
                os.dup2(real, _STDERR)
                os.close(real)
