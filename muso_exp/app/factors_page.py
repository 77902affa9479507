"""Hear the factors: what is near a song by listening, and by its sound, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nicegui import ui

from muso_exp.app.asking import AnswerPlace, ask_button, needs_run, run_choice
from muso_exp.app.frame import about, frame, show
from muso_exp.app.site import Site
from muso_exp.app.sounds import players

K = 10
COMMAND = "+experiment=samplecnn_factors"


@dataclass(frozen=True)
class Near:
    """A song and what is near it.

    Attributes:
        song: name.
        track: its id.
        lists: heading -> (name, id, cosine) of songs, the nearest first.
        sounds: track id -> address of its sound.
    """

    song: str
    track: str
    lists: dict[str, list[tuple[str, str, float]]]
    sounds: dict[str, str]


def factors_page(site: Site) -> None:
    """Ask for a run and a song, and show and play what is near it."""
    with frame(site, "/factors", "Hear the factors"):
        show("factors_intro.html")
        runs = {
            name: label
            for name, label in site.of_data("audio_factors").items()
            if (site.outputs / name / "factors.npz").is_file()
        }
        if not needs_run(runs, COMMAND):
            return
        with ui.element("div").classes("controls"):
            chosen = run_choice(runs)
            with ui.element("div").classes("long noted"):
                song = ui.input("song (name or id); none: the first one")
                show("allowed.html.j2", folders=site.allowed)

        async def asked() -> None:
            name, query = chosen.value, (song.value or "").strip()
            await answer.fill(
                lambda: _near(site, name, query), lambda found: _show(site, name, found)
            )

        ask_button("show", asked, song)
        answer = AnswerPlace()


def _near(site: Site, name: str, query: str) -> Near:
    from muso_exp.features.neighbours import nearest
    from muso_exp.formats.factors import load_factors, load_true_factors

    folder = site.run(name).folder
    heard = load_factors(folder)
    spaces = {"By listening": load_true_factors(folder, heard), "By sound": heard.vectors}
    item = heard.find(query) if query else 0
    lists: dict[str, Any] = {
        heading: [
            (str(heard.names[other]), str(heard.ids[other]), cosine)
            for other, cosine in nearest(vectors, item, K + 1)[1:]
        ]
        for heading, vectors in spaces.items()
    }
    track = str(heard.ids[item])
    ids = [track, *(one for own in lists.values() for _, one, _ in own)]
    return Near(str(heard.names[item]), track, lists, players(site, ids))


def _show(site: Site, name: str, found: Near) -> None:
    about(site.run(name))
    both = [{one for _, one, _ in own} for own in found.lists.values()]
    show("factors.html.j2", found=found, in_both=set.intersection(*both), k=K)
