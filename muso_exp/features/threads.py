"""Compiled loops on several threads: numba launches them once, beside those of torch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, wraps
from typing import Any, cast

import scipy.linalg  # noqa: F401, has a BLAS of its own, which implicit uses; numpy another
import torch
from numba import get_num_threads, njit
from threadpoolctl import ThreadpoolController


def loop_threads() -> int:
    """Return how many threads compiled loops use, launched by now; torch's number stays.

    Both use OpenMP, and numba's launch sets its number of threads, which torch reads, to all cores.
    """
    usual = torch.get_num_threads()
    try:
        return get_num_threads()
    finally:
        torch.set_num_threads(usual)


@cache
def _libraries() -> ThreadpoolController:
    """Return the BLAS libraries of this process; to look for them takes milliseconds."""
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[None]:
    """Return a block in which a matrix product uses one thread, and rounds alike everywhere."""
    return cast(AbstractContextManager[None], _libraries().limit(limits=1, user_api="blas"))


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
