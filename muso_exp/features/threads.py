"""Compiled loops on several threads: numba launches them once, beside those of torch."""

from __future__ import annotations

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


def parallel_njit(**options: Any) -> Any:
    """Return numba's decorator for a function whose `prange` loops run on several threads.

    Args:
        **options: of `numba.njit`, besides `cache` and `parallel`.
    """
    loop_threads()
    return njit(cache=True, parallel=True, **options)
