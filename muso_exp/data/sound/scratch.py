"""Prepared files that are needed no longer than what was made from them."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from weakref import finalize

Made = TypeVar("Made")


def in_scratch(make: Callable[[Path], Made]) -> Made:
    """Return what `make` makes in an empty folder, which is removed along with it.

    Args:
        make: from a folder to a record that reads files in it, for instance by memory maps.
    """
    with ExitStack() as stack:
        made = make(Path(stack.enter_context(TemporaryDirectory())))
        finalize(made, stack.pop_all().close)
    return made
