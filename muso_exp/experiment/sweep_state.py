"""What a sweep is, beside its jobs: `sweep.json` in its folder."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from muso_exp.errors import DataFormatError
from muso_exp.opening import read_whole

STATE = "sweep.json"


class SweepState(Struct, frozen=True):
    """What the jobs of a sweep, and a later start of the same command, need to know of it.

    Attributes:
        swept: keys that have several values.
        key: hash of all that decides what its jobs are.
        code: hash of the sources that ran it.
        tracked: id of its run in MLflow; None where it is not tracked there.
        finished: whether each of its jobs is done, and its table written.
    """

    swept: list[str] = []
    key: str = ""
    code: str = ""
    tracked: str | None = None
    finished: bool = False


def write_state(sweep: Path, state: SweepState) -> None:
    """Write what a sweep is into its folder, at once or not at all."""
    partial = sweep / f".{STATE}.{os.getpid()}.partial"
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=2))
    partial.replace(sweep / STATE)


def read_state(sweep: Path) -> SweepState:
    """Return what a sweep is.

    Raises:
        DataFormatError: not the file of a sweep, or none.
    """
    try:
        return msgspec.json.decode(read_whole(sweep / STATE), type=SweepState)
    except (msgspec.DecodeError, OSError) as error:
        raise DataFormatError(sweep / STATE, f"not of a sweep: {error}") from error
