"""Recommendations for one listener, ranked anew at each move of a slider."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nicegui import ui

from muso_exp.app.asking import (
    AnswerPlace,
    ask_button,
    file_input,
    needs_run,
    run_choice,
    run_choices,
)
from muso_exp.app.frame import about, frame, html, show
from muso_exp.app.site import Site
from muso_exp.app.sounds import players
from muso_exp.app.taste_page import RECOMMENDERS
from muso_exp.errors import ConfigError

if TYPE_CHECKING:
    from muso_exp.formats.seeds import SeedList
    from muso_exp.tasks.recommendation.re_ranking import Reranker

WITH_CONTENT = "content_plays"  # data sets whose runs stand first: their sliders move
JUDGES = ("audio_genres", "audio_tags")  # data sets whose runs say of which genre a clip is
K_ALL, K_GENRE = 20, 8
SLIDER = "update:model-value"


@dataclass
class ForYou:
    """The lists of one open page.

    Attributes:
        ranker: of the listener.
        sounds: id of an item -> address of its sound, of those that may be read.
        content: share of content, 0.5 as learned.
        diversity: 0 to 1.
    """

    ranker: Reranker
    sounds: dict[str, str]
    content: float = 0.5
    diversity: float = 0.0

    def build(self) -> None:
        """Put the sliders and the lists on the page."""
        ranker = self.ranker
        with ui.element("div").classes("controls"):
            _slider(
                "from what listeners do (left) to what it sounds and is like (right)",
                0.5,
                self._content,
                "" if ranker.moves else "this run has no content; train +experiment=hybrid",
            )
            _slider(
                f"variety, by {ranker.alike_by}" if ranker.alike_by else "variety",
                0.0,
                self._diversity,
                "" if ranker.units is not None else "this run does not know what is alike",
            )
        self.lists = ui.html("", sanitize=False, tag="div")
        self.fill()

    def fill(self) -> None:
        """Rank anew."""
        self.lists.set_content(lists_html(self.ranker, self.content, self.diversity, self.sounds))

    def _content(self, value: float) -> None:
        self.content = value
        self.fill()

    def _diversity(self, value: float) -> None:
        self.diversity = value
        self.fill()


def lists_html(ranker: Reranker, content: float, diversity: float, sounds: dict[str, str]) -> str:
    """Return the lists of a listener, ranked anew: what a slider's move takes."""
    lists = ranker.lists(K_ALL, K_GENRE, content, diversity)
    quality = {name: ranker.quality(name) for name in lists}
    facts = {"lists": lists, "who": ranker.catalogue.who, "quality": quality, "sounds": sounds}
    return html("for_you.html.j2", **facts)


def _slider(label: str, value: float, moved: Any, off: str) -> None:
    """Put a slider from 0 to 1 on the page; where `off` says why, it cannot be moved."""
    with ui.element("div").classes("slider"):
        text = ui.label(f"{label}{f': {off}' if off else ''}")
        slider = ui.slider(min=0, max=1, step=0.05, value=value)
        slider.props(f'label aria-label="{html("text.html.j2", text=label).strip()}"')
        slider.on(SLIDER, lambda: moved(slider.value), throttle=0.1)
        if off:
            slider.disable()
            text.classes("soft")


def for_you_page(site: Site) -> None:
    """Ask for a run and a history, and show what to hear next."""
    with frame(site, "/for-you", "For you"):
        runs = site.of_data(WITH_CONTENT) | site.of_data(*RECOMMENDERS)
        if not needs_run(runs, "+experiment=hybrid"):
            return
        with ui.element("div").classes("controls"):
            chosen = run_choice(runs)
            history = file_input(site, "file, folder or zip of a listening history, or")
            names = ui.textarea("names, one a line (artist, or artist - title), or").classes("long")
            listener = ui.number("number of a listener of the run", min=0, precision=0)
            sure = site.of_folds(*JUDGES) | site.of_data(*JUDGES)
            judges = run_choices(sure, "how sure a genre is: by runs on sound")

        async def asked() -> None:
            name = chosen.value
            who = (history.value or "", names.value or "", listener.value)
            given = (*who, list(judges.value or []))
            await answer.fill(
                lambda: _for_you(site, name, *given), lambda found: _show(site, name, found)
            )

        ask_button("show", asked, history)
        answer = AnswerPlace()


def _for_you(
    site: Site, name: str, path: str, typed: str, number: float | None, judges: list[str]
) -> ForYou:
    from muso_exp.tasks.recommendation.fold_in import known_items
    from muso_exp.tasks.recommendation.re_ranking import Reranker, listener_seeds
    from muso_exp.tasks.taste.others import Catalogue
    from muso_exp.trained import judged_by_sound

    given = [bool(path.strip()), bool(typed.strip()), number is not None]
    if sum(given) != 1:
        raise ConfigError("give one of them: the path of a history, names, or a listener's number")
    data, model = site.trained(name)
    run = Catalogue.of(name, data, model)
    if number is None:
        seeds = _seeds(site, path, typed)
    else:
        seeds = listener_seeds(model, data.catalogue, int(number))
    row = run.new_row(seeds)
    sure = getattr(data, "genres", None)  # of a run with content
    if judges:
        heard = [folder for judge in judges for folder in site.runs_of(judge)]
        sure = judged_by_sound(data, heard)
    ranker = Reranker.of(row, model, *known_items(seeds, row.catalogue), sure)
    return ForYou(ranker, players(site, row.catalogue.items["id"].tolist()))


def _seeds(site: Site, path: str, typed: str) -> SeedList:
    from muso_exp.formats.seeds import read_seeds

    if path.strip():
        return read_seeds(site.file(path))
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "names.txt"
        listed.write_text(typed, encoding="utf-8")
        return read_seeds(listed)


def _show(site: Site, name: str, found: ForYou) -> None:
    ranker = found.ranker
    about(site.run(name))
    show("known.html.j2", n_known=len(ranker.known), n_items=len(ranker.catalogue.items))
    found.build()
