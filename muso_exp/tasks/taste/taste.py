"""What one person listens to: what their history says, and what a catalogue knows about it.

    result = taste(read_history(paths, one_person=True), catalogue)
    result.listening     # counts of the history alone
    result.others        # recommendations, listeners like them, groups, tags

`muso_exp.evaluation.taste_page` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from muso_exp.formats.listening.histories import History
from muso_exp.tasks.taste.listening import Listening, count_listening
from muso_exp.tasks.taste.others import Catalogue, Others, ask_others


@dataclass(frozen=True)
class Taste:
    """What one person listens to.

    Attributes:
        history: that it was computed from.
        listening: counts of the history.
        others: what a catalogue says about it; None without a catalogue.
    """

    history: History
    listening: Listening
    others: Others | None = None


def taste(history: History, catalogue: Catalogue | None = None) -> Taste:
    """Return what a history of one person says, by itself and beside what others listen to.

    Args:
        history: see `muso_exp.formats.listening.histories.read_history`, `one_person`.
        catalogue: a finished run of a recommender.
    """
    others = None if catalogue is None else ask_others(catalogue, history)
    return Taste(history, count_listening(history), others)
