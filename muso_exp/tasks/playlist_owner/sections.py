"""The sections of the report: features of the two lists, and curves of the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from muso_exp.figures import two_class
from muso_exp.figures.common import forest_figure
from muso_exp.models.abilities import ask
from muso_exp.models.shown_abilities import SelectionPath, SelectsFeatures
from muso_exp.records import Section
from muso_exp.tasks.playlist_owner.two_lists import TwoLists


def sections(lists: TwoLists, predictions: pd.DataFrame, model: Any) -> Sequence[Section]:
    """Return the features of the two lists, curves of the predictions, and what a model chose."""
    tracks, names = lists.tracks, lists.names
    columns = {name: tracks[name].to_numpy() for name in lists.features}
    target = predictions["target"].to_numpy()
    probability = predictions["probability"].to_numpy()
    chosen = []
    if isinstance(model, SelectsFeatures):
        chosen.append(selection_section(ask(model.selection_path), lists.features))
    return [
        *chosen,
        Section(
            "features",
            "Features of the two lists",
            f"All used tracks: {names[0]} (positive) and {names[1]}.",
            figure=partial(
                two_class.distributions_figure, columns, tracks["target"].to_numpy(), names
            ),
        ),
        Section(
            "inputs",
            "What the model is given",
            "AUC alone: how well the feature by itself ranks the lists (.5: not at all; below: "
            f"the other way round). The last two columns are after scaling {lists.scaling}.",
            table=inputs_table(lists),
        ),
        Section(
            "ranking",
            "Ranking of the test tracks",
            "Dashed: what a random order scores.",
            figure=partial(two_class.ranking_figure, target, probability),
        ),
        Section(
            "calibration",
            "Calibration",
            "A calibrated model lies on the dashed line.",
            figure=partial(two_class.calibration_figure, target, probability.clip(0, 1)),
        ),
        Section(
            "confusion",
            "Decisions",
            f"Test tracks by true and decided list, threshold {lists.threshold}.",
            figure=partial(
                two_class.confusion_figure, target, predictions["decision"].to_numpy(), names
            ),
        ),
    ]


def selection_section(path: SelectionPath, features: Sequence[str]) -> Section:
    """Return the features in the order in which a backward selection dropped them."""
    loss = path.loss.double().numpy()
    errors = path.deviation.double().numpy() / np.sqrt(path.folds)
    dropped = ["", *(features[number] for number in path.dropped.tolist())]
    table = pd.DataFrame(
        {
            "features left": np.arange(len(features), 0, -1),
            "dropped": dropped,
            "validation loss": loss,
            "standard error": errors,
        }
    )
    best = int(loss.argmin())
    kept = [name for name in features if name not in dropped[: best + 1]]
    text = (
        "At each step the feature goes without which the log loss over validation folds of the "
        f"train tracks is least. Kept, {len(kept)} of {len(features)}: {', '.join(kept)}. The loss "
        "at the minimum was sought on these folds; what it is worth, the test tracks say."
    )
    labels = ["all features", *(f"without {name}" for name in dropped[1:])]
    ends = np.stack([loss - errors, loss + errors], axis=1)
    figure = partial(
        forest_figure,
        labels,
        loss,
        ends,
        "log loss on validation folds, with standard error",
        loss[best],
        "least",
    )
    return Section("selection", "Backward selection", text, table=table, figure=figure)


def inputs_table(lists: TwoLists) -> pd.DataFrame:
    """Return a row per feature: means in both lists, AUC alone, scaled mean and spread."""
    tracks = lists.tracks
    target = tracks["target"].to_numpy()
    scaled = lists.inputs.astype(np.float64)
    return pd.DataFrame(
        {
            "feature": lists.features,
            "mean, positive": tracks.loc[target == 1, lists.features].mean().to_numpy(),
            "mean, negative": tracks.loc[target == 0, lists.features].mean().to_numpy(),
            "AUC alone": [roc_auc_score(target, tracks[name]) for name in lists.features],
            "scaled mean": scaled.mean(axis=0),
            "scaled standard deviation": scaled.std(axis=0),
        }
    )
