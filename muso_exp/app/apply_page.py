"""Finished runs applied to a file: which tracks fit a playlist, and what comes after a song."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nicegui import ui

from muso_exp.app.asking import AnswerPlace, ask_button, file_input, needs_run, run_choice
from muso_exp.app.frame import about, frame, show
from muso_exp.app.site import Site
from muso_exp.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

NO_RUN = ""
SHOWN = 100  # rows
UPRIGHT = 3  # so few rows stand upright, one a column


@dataclass(frozen=True)
class Asked:
    """A page that applies a run to a file.

    Attributes:
        address: of the page.
        title: of the page.
        text: what it is for.
        data: the data sets of its runs, as names begin.
        command: what to type to have such a run.
    """

    address: str
    title: str
    text: str
    data: tuple[str, ...]
    command: str


FIT = Asked(
    "/fit",
    "Playlist fit",
    "Which tracks fit the first of two playlists: a table of tracks with audio features, or a song "
    "or folder of songs, whose features a run on spectra then estimates.",
    ("playlists",),
    "+experiment=playlist_membership",
)
NEXT = Asked(
    "/next",
    "Next song",
    "What comes next: after a list of tracks (a run of playlist_continuation), after a song by its "
    "sound (spectra), or by its audio features (clusters).",
    ("playlist_continuation", "spectra", "track_features"),
    "+experiment=sound_to_next_song variant=scaled hydra.mode=RUN",
)


@dataclass(frozen=True)
class Applied:
    """What a run says of a file.

    Attributes:
        result: see `apply` of the data set's new input.
        estimates: the audio features that were estimated for it; None where the file has them.
    """

    result: pd.DataFrame
    estimates: pd.DataFrame | None = None


def apply_page(site: Site, asked: Asked) -> None:
    """Ask for a run and a file, and show what the run says of it."""
    with frame(site, asked.address, asked.title):
        show("paragraph.html.j2", text=asked.text)
        runs = site.of_data(*asked.data)
        if not needs_run(runs, asked.command):
            return
        with ui.element("div").classes("controls"):
            chosen = run_choice(runs)
            path = file_input(site, "file or folder")
            spectra = {NO_RUN: "none: the file has them"} | site.of_data("spectra")
            features = ui.select(spectra, value=NO_RUN, label="audio features of songs by the run")
            features.classes("long")

        async def ask() -> None:
            name, given, by = chosen.value, path.value or "", features.value
            await answer.fill(
                lambda: _apply(site, name, given, by), lambda found: _show(site, name, found)
            )

        ask_button("show", ask, path)
        answer = AnswerPlace()


def _apply(site: Site, name: str, text: str, features: str) -> Applied:
    from muso_exp.sound.suffixes import is_sound
    from muso_exp.trained import apply, as_file, estimated_features

    data, model = site.trained(name)
    path = site.file(text)
    of_songs = is_sound(path) or path.is_dir()
    if not (data.reads_feature_tables and of_songs):
        return Applied(apply(data, model, path))
    if features == NO_RUN:
        raise ConfigError(
            f"{path.name}: this run reads tables of audio features; of sound they are estimated by "
            "a run on spectra (+experiment=spectra_features): choose one"
        )
    estimates = estimated_features(str(site.run(features).folder), path)
    with as_file(estimates, path) as table:
        return Applied(apply(data, model, table), estimates)


def _show(site: Site, name: str, found: Applied) -> None:
    about(site.run(name))
    estimates = None if found.estimates is None else _readable(found.estimates)
    facts = {"table": _readable(found.result), "n_rows": len(found.result), "estimates": estimates}
    show("applied.html.j2", **facts, map=_map(site.run(name).folder))


def _readable(result: pd.DataFrame) -> pd.DataFrame:
    """Return the first rows as texts; a few wide ones stand upright, one a column."""
    from muso_exp.evaluation.applied import result_cells

    cells = result_cells(result.head(SHOWN))
    if len(cells) <= UPRIGHT < len(cells.columns):
        return cells.T.reset_index().set_axis(["", *cells.iloc[:, 0]], axis=1).iloc[1:]
    return cells


def _map(folder: Path) -> object:
    """Return the picture of the run's clusters, None where it has none."""
    from muso_exp.evaluation.report import picture

    path = folder / "figures" / "tsne.png"
    return picture(path, "t-SNE map of the test tracks, by cluster") if path.is_file() else None
