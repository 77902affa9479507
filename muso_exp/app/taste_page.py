"""What one person listens to: the page of `taste`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from muso_exp.app.asking import AnswerPlace, ask_button, file_input
from muso_exp.app.frame import about, frame, show
from muso_exp.app.site import Site

if TYPE_CHECKING:
    from muso_exp.tasks.taste.taste import Taste

RECOMMENDERS = ("plays", "content_plays", "playlist_continuation")  # data sets
NO_RUN = ""


def taste_page(site: Site) -> None:
    """Ask for a history, and show what it says by itself and beside what others listen to."""
    with frame(site, "/taste", "Taste"):
        show("taste_intro.html")
        with ui.element("div").classes("controls"):
            history = file_input(site, "file, folder or zip of a listening history")
            runs = {NO_RUN: "none: the history alone"} | site.of_data(*RECOMMENDERS)
            chosen = ui.select(runs, value=NO_RUN, label="recommend by the run").classes("long")
            zone = ui.input("time zone", value="UTC")

        async def asked() -> None:
            name, path, timezone = chosen.value, history.value or "", zone.value or "UTC"
            await answer.fill(
                lambda: _compute(site, path, name, timezone), lambda found: _show(site, name, found)
            )

        ask_button("show", asked, history, zone)
        answer = AnswerPlace()


def _compute(site: Site, path: str, name: str, timezone: str) -> Taste:
    from muso_exp.formats.listening.histories import read_history
    from muso_exp.tasks.taste.others import Catalogue
    from muso_exp.tasks.taste.taste import taste

    history = read_history([site.file(path)], timezone, one_person=True)
    catalogue = None if name == NO_RUN else Catalogue.of(name, *site.trained(name))
    return taste(history, catalogue)


def _show(site: Site, name: str, found: Taste) -> None:
    from muso_exp.evaluation.pages import page_facts
    from muso_exp.evaluation.taste_page import facts, taste_sections

    if name != NO_RUN:
        about(site.run(name))
    sections = [one for one in taste_sections(found) if one.name != "catalogue"]
    shown = page_facts(found.history.summary(), facts(found.listening), sections)
    show("taste_answer.html.j2", **shown)
