"""Finished runs applied to a file: which tracks fit a playlist, and what comes after a song."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from nicegui import ui

from muso_exp.app.asking import AnswerPlace, ask_button, file_input, needs_run, run_choice
from muso_exp.app.frame import about, frame, show
from muso_exp.app.site import Site
from muso_exp.errors import ConfigError
from muso_exp.text import visible

if TYPE_CHECKING:
    import pandas as pd

    from muso_exp.tasks.clustering.song_map import SongMap

NO_RUN = ""
GREY = "#8a8f98"  # readable on light and dark
PALETTE = (  # of clusters; the published number is 13
    *("#2563a8", "#3f9c8f", "#8a5fb0", "#c0504d", "#7f9c3f", "#5bb0d8", "#b07aa1"),
    *("#9c755f", "#e3b505", "#4e5d94", "#76b7b2", "#d37295", "#6b8e23"),
)
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
        songs: where its tracks lie among those of a run of clusters; None of another run.
        estimates: the audio features that were estimated for it; None where the file has them.
    """

    result: pd.DataFrame
    songs: SongMap | None
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
    from muso_exp.trained import as_file, estimated_features

    data, model = site.trained(name)
    path = site.file(text)
    of_songs = is_sound(path) or path.is_dir()
    if not (data.reads_feature_tables and of_songs):
        return Applied(*_answer(data, model, path))
    if features == NO_RUN:
        raise ConfigError(
            f"{path.name}: this run reads tables of audio features; of sound they are estimated by "
            "a run on spectra (+experiment=spectra_features): choose one"
        )
    estimates = estimated_features(str(site.run(features).folder), path)
    with as_file(estimates, path) as table:
        return Applied(*_answer(data, model, table), estimates)


def _show(site: Site, name: str, found: Applied) -> None:
    about(site.run(name))
    if found.songs is not None:
        show("song_map.html")
        options = map_options(found.songs, found.result["id"].astype(str).tolist())
        label = "map of the tracks by cluster; the table names the cluster"
        ui.echart(options).classes("graph").props(f'role="img" aria-label="{label}"')
    estimates = None if found.estimates is None else _readable(found.estimates)
    facts = {"table": _readable(found.result), "n_rows": len(found.result)}
    show("applied.html.j2", **facts, estimates=estimates)


def _readable(result: pd.DataFrame) -> pd.DataFrame:
    """Return the first rows as texts; a few wide ones stand upright, one a column."""
    from muso_exp.evaluation.applied import result_cells

    cells = result_cells(result.head(SHOWN))
    if len(cells) <= UPRIGHT < len(cells.columns):
        return cells.T.reset_index().set_axis(["", *cells.iloc[:, 0]], axis=1).iloc[1:]
    return cells


def _answer(data: Any, model: Any, path: Path) -> tuple[pd.DataFrame, SongMap | None]:
    from muso_exp.tasks.clustering.new_tracks import TracksToCluster
    from muso_exp.tasks.clustering.song_map import song_map

    new = data.read_new(path)
    is_clustered = isinstance(new, TracksToCluster)
    return new.apply(model), song_map(new, model, data.cache) if is_clustered else None


def map_options(songs: SongMap, names: list[str]) -> dict[str, Any]:
    """Return the map as ECharts draws it: a colour a cluster, the new tracks as diamonds.

    Args:
        songs: the map.
        names: of the new tracks.
    """
    series = [
        {
            "type": "scatter",
            "name": f"cluster {number}",
            "symbolSize": 5,
            "data": songs.points[songs.cluster == number].round(2).tolist(),
        }
        for number in np.unique(songs.cluster).tolist()
    ]
    own = [
        {"name": f"{visible(name)}: cluster {cluster}", "value": place}
        for name, cluster, place in zip(
            names, songs.new_cluster.tolist(), songs.places.round(2).tolist(), strict=True
        )
    ]
    marked = {"symbol": "diamond", "symbolSize": 16, "itemStyle": {"color": "#d9822b"}}
    series.append({"type": "scatter", "name": "your tracks", "data": own, **marked})
    axis = {"show": False, "scale": True}
    return {
        "color": list(PALETTE),
        "legend": {"textStyle": {"color": GREY}, "type": "scroll"},
        "tooltip": {"renderMode": "richText", "formatter": "{b}"},
        "animation": False,
        "xAxis": axis,
        "yAxis": axis,
        "series": series,
    }
