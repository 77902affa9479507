"""Which audio features a recommender needs: its scores where one is shuffled among the tracks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.figures.common import forest_figure
from muso_exp.models.abilities import ReadsFeatures
from muso_exp.records import Batch, Section
from muso_exp.tasks.base import Answer

N_ROWS = 500  # playlists that it is measured on, at most
MAX_TRACKS = 200_000  # more would take longer than the training
SHUFFLES = 3  # that the importance of a feature is averaged over


def feature_importance(
    answer: Answer, rows: Callable[[list[int]], Batch], n_rows: int, k: int
) -> list[Section]:
    """Return what the shuffling of each feature costs, where the model reads features.

    Args:
        answer: of the trained model.
        rows: returns a batch of test rows, by their numbers.
        n_rows: how many there are.
        k: cut-off of the nDCG.

    Source: document 4, "Determine feature importance in the neural network" (not done there). The
    method: Breiman 2001 (permutation).
    """
    model = answer.model
    if not isinstance(model, ReadsFeatures):
        return []
    name, title = "feature_importance", "Importance of audio features"
    if model.n_items > MAX_TRACKS:
        text = f"Left out: {model.n_items} tracks, more than {MAX_TRACKS}."
        return [Section(name, title, text)]
    chosen = np.unique(np.linspace(0, n_rows - 1, min(N_ROWS, n_rows)).astype(int))
    batch = rows(chosen.tolist())  # evenly from all kinds of seeds, which stand in order
    with model.ranked_to(k):
        own = _ndcg(model, batch, k)
        falls = {
            feature: np.mean(
                [own - _shuffled(model, feature, seed, batch, k) for seed in range(SHUFFLES)],
                axis=0,
            )
            for feature in model.features
        }
    found = [
        (feature, fall.mean(), *answer.bootstrap.mean(fall)) for feature, fall in falls.items()
    ]
    columns = ["feature", f"fall of nDCG at {k}", "low", "high"]
    table = pd.DataFrame(found, columns=columns)
    figure = partial(
        forest_figure,
        table["feature"].tolist(),
        table[columns[1]].to_numpy(),
        table[["low", "high"]].to_numpy(),
        f"fall of nDCG at {k} if the feature is shuffled",
        0.0,
    )
    text = (
        f"Each feature by itself is shuffled among the tracks, {SHUFFLES} times; the fall of nDCG "
        f"at {k} over {len(own)} test playlists, with 95 % intervals. Features that say the same "
        "stand in for one another: both may seem of little use."
    )
    return [Section(name, title, text, table=table, figure=figure)]


def _shuffled(model: Any, feature: str, seed: int, batch: Batch, k: int) -> np.ndarray:
    """Return the nDCG of each playlist where a feature is shuffled, shape (n_rows,)."""
    with model.shuffled_feature(feature, seed):
        return _ndcg(model, batch, k)


def _ndcg(model: Any, batch: Batch, k: int) -> np.ndarray:
    """Return the nDCG of each playlist, shape (n_rows,)."""
    return model.columns(batch)[f"ndcg_at_{k}"].double().numpy()
