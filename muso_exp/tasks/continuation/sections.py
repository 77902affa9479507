"""The sections of the report: scores by seeds, some continuations, weights of a mix, the tracks."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.figures.common import forest_figure
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.abilities import ask
from muso_exp.models.shown_abilities import HasBlendWeights
from muso_exp.records import Section
from muso_exp.tasks.continuation.continuation import ContinuedPlaylists
from muso_exp.tasks.recommendation.split_plays import HeldOut

N_EXAMPLES, N_SHOWN = 3, 10  # playlists shown, and tracks of each
SHOWN = ("r_precision", "ndcg_at_500", "clicks")  # by kind of seeds


def by_seeds(table: pd.DataFrame, bootstrap: Bootstrap) -> Section:
    """Return the challenge's metrics for each kind of seeds, with 95 % intervals."""
    names = [name for name in SHOWN if name in table]
    grouped = table.groupby("seeds", sort=False)
    shown = grouped[names].mean()
    shown.insert(0, "playlists", grouped.size())
    shown.insert(1, "mean_held_out", grouped["n_positives"].mean())
    order = table.groupby("seeds")["n_seeds"].mean().sort_values(kind="stable").index
    shown = shown.loc[order]
    values = {kind: rows.dropna().to_numpy() for kind, rows in grouped["r_precision"]}
    intervals = np.array([bootstrap.mean(values[kind]) for kind in order])
    figure = partial(
        forest_figure,
        shown.index.tolist(),
        shown["r_precision"].to_numpy(),
        intervals,
        "mean R-precision of playlists with such seeds",
    )
    text = "How much a few known tracks help: means over playlists, by the kind of their seeds."
    return Section("by_seeds", "By kind of seeds", text, shown.reset_index(), figure)


def examples(continued: ContinuedPlaylists, held: HeldOut, table: pd.DataFrame) -> Section:
    """Return the first tracks recommended for some playlists; a star marks a held-out one."""
    named = continued.data.tracks
    rows = []
    for place in np.linspace(0, len(table) - 1, min(N_EXAMPLES, len(table))).astype(int):
        hidden = set(table["held_out"].iloc[place])
        seeds = held.ids(held.seen[place].indices)
        playlist = continued.continuation.playlists[held.users[place]]
        label = continued.data.names[playlist] or f"playlist {continued.data.pids[playlist]}"
        known = ", ".join(_label(named, int(seed)) for seed in seeds[:2]) or "none"
        more = f" and {len(seeds) - 2} more" if len(seeds) > 2 else ""
        for rank, track in enumerate(table["top"].iloc[place][:N_SHOWN], start=1):
            if track >= 0:
                hit = "*" if track in hidden else ""
                rows.append((label, known + more, rank, _label(named, track), hit))
    columns = ["playlist", "seeds", "rank", "recommended", "held out"]
    text = "A star marks a track that was held out of the playlist."
    shown = pd.DataFrame(rows, columns=columns)
    return Section("examples", "Some continuations", text, table=shown)


def _label(tracks: pd.DataFrame, track: int) -> str:
    row = tracks.iloc[track]
    return " - ".join(part for part in (row["artist"], row["title"]) if part) or str(row["id"])


def weights_of_mix(model: Any) -> list[Section]:
    """Return the weights of a mix, where the model is one."""
    if not isinstance(model, HasBlendWeights):
        return []
    parts, seeds, weights = ask(model.blend_weights)
    shown = pd.DataFrame(weights.numpy().round(3), columns=list(parts))
    shown.insert(0, "seeds", seeds.tolist())
    text = "Weights of the parts' z-scores for playlists with at least so many seeds."
    return [Section("blend", "Weights of the mix", text, table=shown)]


def tracks(continued: ContinuedPlaylists) -> Section:
    """Return id and artist of the track numbers in the predictions, written to tracks.npz."""
    ids = continued.data.tracks["id"].to_numpy().astype(str)
    popularity = continued.continuation.popularity()
    arrays = {"id": ids, "artist": continued.artists(), "playlists": popularity}
    text = f"tracks.npz: id, artist number and playlists of training of {len(ids)} tracks."
    return Section("tracks", "Tracks", text, arrays=arrays)
