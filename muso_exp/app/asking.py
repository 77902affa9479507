"""What pages ask with: a run, a file, and the place that an answer comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from nicegui import run, ui

from muso_exp.app.frame import failing_in_one_line, show
from muso_exp.app.site import Site
from muso_exp.text import visible

Found = TypeVar("Found")
_MANY = 12  # runs in a list; among more one is found by typing


class AnswerPlace:
    """The part of a page that an answer comes to; what fails is one line there."""

    def __init__(self) -> None:
        self.status = ui.label().props('role="status" aria-live="polite"').classes("soft")
        self.place = ui.element("div").classes("answer-place")
        self.is_busy = False

    async def fill(self, work: Callable[[], Found], show_found: Callable[[Found], None]) -> None:
        """Do some work in a thread and show what it found; a second request meanwhile is left out.

        Args:
            work: loads and computes; uses nothing of the page.
            show_found: puts what was found on the page.
        """
        if self.is_busy:
            return
        self.is_busy = True
        self.place.clear()
        self.status.set_text("working ...")
        try:
            with self.place, failing_in_one_line():
                found = await run.io_bound(work)
                if found is not None:  # the server is stopping
                    show_found(found)
        finally:
            self.is_busy = False
            self.status.set_text("")


def run_choice(runs: Mapping[str, str], label: str = "run") -> ui.select:
    """Put a choice of runs (name -> label) on the page, the newest one chosen.

    Many of them are found by typing a part of the name.
    """
    shown = {name: visible(text) for name, text in runs.items()}
    typed = len(shown) > _MANY
    chosen = ui.select(shown, value=next(iter(shown), None), label=label, with_input=typed)
    return chosen.classes("long")


def run_choices(runs: Mapping[str, str], label: str) -> ui.select:
    """Put a choice of any number of runs (name -> label) on the page, none chosen."""
    shown = {name: visible(text) for name, text in runs.items()}
    typed = len(shown) > _MANY
    chosen = ui.select(
        shown, value=[], label=label, multiple=True, clearable=True, with_input=typed
    )
    return chosen.classes("long")


def needs_run(runs: Mapping[str, str], command: str) -> bool:
    """Return whether there is a run to ask; where there is none, the page says what to type."""
    if not runs:
        show("needs_run.html.j2", command=command)
    return bool(runs)


def file_input(site: Site, label: str) -> ui.input:
    """Put a field for the path of a file on the page, with what may be read below it."""
    with ui.element("div").classes("long noted"):
        field = ui.input(label).props('autocomplete="off" spellcheck="false"')
        show("allowed.html.j2", folders=site.allowed)
    return field


def ask_button(text: str, asked: Callable[[], object], *fields: ui.input) -> ui.button:
    """Put a button on the page; Enter in one of the fields does the same."""
    for one in fields:
        one.on("keydown.enter", asked)
    return ui.button(text, on_click=asked)
