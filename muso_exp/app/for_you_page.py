"""Recommendations for one listener, ranked anew at each move of a slider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nicegui import ui

from muso_exp.app.asking import AnswerPlace, ask_button, file_input, needs_run, run_choice
from muso_exp.app.frame import about, frame, html, show
from muso_exp.app.site import Site
from muso_exp.app.taste_page import RECOMMENDERS

if TYPE_CHECKING:
    from muso_exp.tasks.recommendation.re_ranking import Reranker

K_ALL, K_GENRE = 20, 8
SLIDER = "update:model-value"


@dataclass
class ForYou:
    """The lists of one open page.

    Attributes:
        ranker: of the listener.
        content: share of content, 0.5 as learned.
        diversity: 0 to 1.
    """

    ranker: Reranker
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
        lists = self.ranker.lists(K_ALL, K_GENRE, self.content, self.diversity)
        who = self.ranker.catalogue.who
        self.lists.set_content(html("for_you.html.j2", lists=lists, who=who))

    def _content(self, value: float) -> None:
        self.content = value
        self.fill()

    def _diversity(self, value: float) -> None:
        self.diversity = value
        self.fill()


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
        runs = site.of_data(*RECOMMENDERS)
        if not needs_run(runs, "+experiment=hybrid"):
            return
        with ui.element("div").classes("controls"):
            chosen = run_choice(runs)
            history = file_input(site, "file, folder or zip of a listening history, or")
            names = ui.textarea("names, one a line (artist, or artist - title)").classes("long")

        async def asked() -> None:
            name, path, typed = chosen.value, history.value or "", names.value or ""
            await answer.fill(
                lambda: _ranker(site, name, path, typed), lambda found: _show(site, name, found)
            )

        ask_button("show", asked, history)
        answer = AnswerPlace()


def _ranker(site: Site, name: str, path: str, typed: str) -> Reranker:
    import tempfile
    from pathlib import Path

    from muso_exp.errors import ConfigError
    from muso_exp.formats.seeds import read_seeds

    if bool(path.strip()) == bool(typed.strip()):
        raise ConfigError("give either the path of a history, or names, one a line")
    if path.strip():
        return _of_seeds(site, name, read_seeds(site.file(path)))
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "names.txt"
        listed.write_text(typed, encoding="utf-8")
        return _of_seeds(site, name, read_seeds(listed))


def _of_seeds(site: Site, name: str, seeds: Any) -> Reranker:
    from muso_exp.tasks.recommendation.fold_in import known_items
    from muso_exp.tasks.recommendation.re_ranking import Reranker
    from muso_exp.tasks.taste.others import Catalogue

    run = Catalogue.of(name, *site.trained(name))
    row = run.new_row(seeds)
    return Reranker.of(row, run.model, *known_items(seeds, row.catalogue))


def _show(site: Site, name: str, ranker: Reranker) -> None:
    about(site.run(name))
    show("known.html.j2", n_known=len(ranker.known), n_items=len(ranker.catalogue.items))
    ForYou(ranker).build()
