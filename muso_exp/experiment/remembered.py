"""What jobs of a sweep know of each other; a job in a process of its own hands it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple


class Remembered(NamedTuple):
    """What was found while the sweep ran.

    Attributes:
        done: hash of the settings -> metrics.json and folder of this sweep's run that had them.
        fingerprints: start of the program and settings of data -> their fingerprint.
    """

    done: dict[str, tuple[dict[str, Any], Path]]
    fingerprints: dict[tuple[str, str], str]


_known = Remembered({}, {})


def known() -> Remembered:
    """Return what this process remembers; its tables may be written to."""
    return _known


def remember(found: Remembered) -> None:
    """Add what a job in another process has found."""
    _known.done.update(found.done)
    _known.fingerprints.update(found.fingerprints)
