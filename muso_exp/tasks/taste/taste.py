"""What one person listens to: what their history says, and what a catalogue knows about it.

    result = taste(read_history(paths, one_person=True), catalogue)
    result.listening     # counts of the history alone

`muso_exp.evaluation.taste_page` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from muso_exp.formats.listening.histories import History
from muso_exp.tasks.taste.listening import Listening, count_listening


@dataclass(frozen=True)
class Taste:
    """What one person listens to.

    Attributes:
        history: that it was computed from.
        listening: counts of the history.
    """

    history: History
    listening: Listening


def taste(history: History) -> Taste:
    """Return what a history of one person says.

    Args:
        history: see `muso_exp.formats.listening.histories.read_history`, `one_person`.
    """
    return Taste(history, count_listening(history))
