"""Which audio features a recommender needs: its scores where one is shuffled among the tracks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.figures.common import forest_figure
from muso_exp.models.abilities import ReadsFeatures
from muso_exp.records import Batch, Section
from muso_exp.tasks.base import Answer

N_ROWS = 500  # playlists that it is measured on: whole batches until there are as many
MAX_TRACKS = 200_000  # more would take longer than the training
SHUFFLES = 3  # that the importance of a feature is averaged over


def feature_importance(answer: Answer, test: Iterable[Batch], k: int) -> list[Section]:
    """Return what the shuffling of each feature costs, where the model reads features.

    Args:
        answer: of the trained model.
        test: batches of the test rows, in row order.
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
    batches = _first(test)
    own = _ndcg(model, batches, k)
    rows = []
    for feature in model.features:
        falls = []
        for seed in range(SHUFFLES):
            with model.shuffled_feature(feature, seed):
                falls.append(own - _ndcg(model, batches, k))
        fall = np.mean(falls, axis=0)
        rows.append((feature, fall.mean(), *answer.bootstrap.mean(fall)))
    columns = ["feature", f"fall of nDCG at {k}", "low", "high"]
    table = pd.DataFrame(rows, columns=columns)
    figure = forest_figure(
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


def _first(test: Iterable[Batch]) -> list[Batch]:
    """Return the first batches that hold `N_ROWS` rows, or all."""
    batches: list[Batch] = []
    for batch in test:
        batches.append(batch)
        if sum(len(known["row"]) for known in batches) >= N_ROWS:
            break
    return batches


def _ndcg(model: Any, batches: Iterable[Batch], k: int) -> np.ndarray:
    """Return the nDCG of each playlist, shape (n_rows,)."""
    parts = [model.columns(batch)[f"ndcg_at_{k}"].double().numpy() for batch in batches]
    return np.concatenate(parts)
