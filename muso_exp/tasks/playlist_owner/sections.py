"""The sections of the report: features of the two lists, and curves of the predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from muso_exp.figures import two_class as curves
from muso_exp.records import Section
from muso_exp.tasks.playlist_owner.two_lists import TwoLists


def sections(lists: TwoLists, predictions: pd.DataFrame) -> Sequence[Section]:
    """Return the features of the two lists, and curves of the predictions of the test tracks."""
    tracks, names = lists.tracks, lists.names
    columns = {name: tracks[name].to_numpy() for name in lists.features}
    target = predictions["target"].to_numpy()
    probability = predictions["probability"].to_numpy()
    return [
        Section(
            "features",
            "Features of the two lists",
            f"All used tracks: {names[0]} (positive) and {names[1]}.",
            figure=curves.distributions_figure(columns, tracks["target"].to_numpy(), names),
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
            figure=curves.ranking_figure(target, probability),
        ),
        Section(
            "calibration",
            "Calibration",
            "A calibrated model lies on the dashed line.",
            figure=curves.calibration_figure(target, probability.clip(0, 1)),
        ),
        Section(
            "confusion",
            "Decisions",
            f"Test tracks by true and decided list, threshold {lists.threshold}.",
            figure=curves.confusion_figure(target, predictions["decision"].to_numpy(), names),
        ),
    ]


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
