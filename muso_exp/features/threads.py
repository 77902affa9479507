"""Compiled loops on several threads: numba launches them once, beside those of torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from numba import get_num_threads, njit


def loop_threads() -> int:
    """Return how many threads compiled loops use, launched by now; torch's number stays.

    Both use OpenMP, and numba's launch sets its number of threads, which torch reads, to all cores.
    """
    usual = torch.get_num_threads()
    try:
        return get_num_threads()
    finally:
        torch.set_num_threads(usual)


def parallel_njit(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return numba's decorator for a function whose `prange` loops run on several threads.

    They are launched at the first call: a process that only imports may still be forked.

    Args:
        **options: of `numba.njit`, besides `cache` and `parallel`.
    """

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        loop = njit(cache=True, parallel=True, **options)(function)

        @wraps(function)
        def launched(*args: Any) -> Any:
            loop_threads()
            return loop(*args)

        return launched

    return compiled
