"""The sections of the report: scores by activity, similar items, latent factors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from muso_exp.figures.common import forest_figure
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.abilities import HasItemFactors, HasNeighbours, ask, nearest_items
from muso_exp.records import Section
from muso_exp.tasks.recommendation.split_plays import HeldOut, SplitPlays

N_NEIGHBOURS = 10  # items shown of each query
MOST_LETTERS = 2**28  # of all items' names in an array, where each is as wide as the longest
NAME_LETTERS = 40  # of a name at least
ACTIVITY = ((0, 10), (10, 20), (20, 50), (50, 100), (100, 500), (500, np.inf))


def by_activity(
    plays: SplitPlays, held: HeldOut, table: pd.DataFrame, bootstrap: Bootstrap
) -> Section:
    """Return the area under the curve of users of whom few and of whom many items are known."""
    sizes = np.diff(held.known(plays.split.train).indptr)
    rows = []
    for least, most in ACTIVITY:
        chosen = table["auc"][(sizes >= least) & (sizes < most)].dropna()
        if len(chosen):
            label = f"{least} to {most - 1:.0f}" if np.isfinite(most) else f"{least} or more"
            interval = bootstrap.mean(chosen.to_numpy())
            rows.append((label, len(chosen), chosen.mean(), *interval))
    shown = pd.DataFrame(rows, columns=["items known", "users", "auc", "low", "high"])
    figure = partial(
        forest_figure,
        [f"{row[0]} ({row[1]} users)" for row in rows],
        shown["auc"].to_numpy(),
        shown[["low", "high"]].to_numpy(),
        "mean AUC of users of whom so many items are known, 95 % interval",
        0.5,
    )
    text = (
        "Which users are served well: the mean over users by how many items of theirs the model "
        "knows, with its 95 % interval; the dashed line is a random order."
    )
    return Section("activity", "By activity of the user", text, shown, figure)


def neighbours(model: Any, queries: Sequence[int], names: Sequence[str]) -> list[Section]:
    """Return the items most similar to some items; nothing where the model knows no similarity.

    Args:
        model: trained.
        queries: numbers of items.
        names: of all items.
    """
    if not isinstance(model, HasNeighbours):
        return []
    found = nearest_items(model, torch.tensor(queries), N_NEIGHBOURS)
    tables = [
        pd.DataFrame(
            {
                "query": names[item],
                "neighbour": [names[other] for other in found.items[place].tolist()],
                "similarity": found.similarity[place].tolist(),
            }
        )
        for place, item in enumerate(queries)
    ]
    text = "The items most similar by what the model learned (thesis, tables 6.3, 6.5 and 6.7)."
    return [Section("neighbours", "Nearest items", text, table=pd.concat(tables))]


def latent_factors(model: Any, plays: SplitPlays) -> list[Section]:
    """Return the latent factors with ids and names, written to `factors.npz`, where there are."""
    if not isinstance(model, HasItemFactors):
        return []
    factors, used, names = ask(model.factors), plays.used, plays.used.names
    longest = max(map(len, names))
    width = min(longest, max(MOST_LETTERS // len(names), NAME_LETTERS)) or 1
    arrays = {
        "user_factors": factors.users.numpy(),
        "item_factors": factors.items.numpy(),
        "users": used.users,
        "item_ids": used.items["id"].to_numpy().astype(str),
        "item_names": np.array(names, dtype=f"U{width}"),
    }
    n_items, n_factors = factors.items.shape
    text = (
        f"factors.npz: {n_factors} factors of {len(used.users)} users and {n_items} items, with "
        "ids."
    )
    text += f" Names are cut to {width} letters." if width < longest else ""
    return [Section("factors", "Latent factors", text, arrays=arrays)]
