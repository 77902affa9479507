"""What the report shows of predicted genres: confusions, confidence per genre, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from muso_exp.metrics.genres import hits, per_class
from muso_exp.metrics.resampling import bootstrap_weights, percentile_interval
from muso_exp.plots_audio import confidence_figure, confusion_figure, group_bars_figure
from muso_exp.results import Section

if TYPE_CHECKING:
    from muso_exp.data.audio_genres import AudioGenres

RESAMPLES = 500  # behind the intervals of the table


def sections(data: AudioGenres, predictions: pd.DataFrame) -> list[Section]:
    """Return the confusion matrix, the table of confidence, and the calibration."""
    return [confusion(data, predictions), confidence(data, predictions), calibration(predictions)]


def confusion(data: AudioGenres, predictions: pd.DataFrame) -> Section:
    """Return the test clips by true and decided genre."""
    table = pd.crosstab(predictions["genre"], predictions["decision"])
    counts = table.reindex(index=data.names, columns=data.names, fill_value=0)
    shown = counts.rename_axis(None, axis=1).reset_index(names="true genre")
    return Section(
        "confusion",
        "Confusions",
        "Test clips by true genre (rows) and decided genre (columns).",
        shown,
        confusion_figure(counts.to_numpy(), data.names),
    )


def confidence(data: AudioGenres, predictions: pd.DataFrame) -> Section:
    """Return accuracy and mean confidence of each true genre, intervals over artists."""
    probabilities = torch.tensor(np.array(predictions["probabilities"].tolist()))
    target = data.target()
    n_rows, accuracy, mean = per_class(probabilities, target).T
    weights = bootstrap_weights(data.units(), RESAMPLES, data.seed)
    right = hits(probabilities, target)
    limits = []
    for number in range(len(data.names)):
        own = weights * (target == number)
        low, high = percentile_interval(own @ right / own.sum(dim=1))
        limits.append(f"{low:.2f} to {high:.2f}")
    shown = pd.DataFrame(
        {
            "genre": data.names,
            "test clips": n_rows.int().numpy(),
            "accuracy": accuracy.numpy(),
            "interval": limits,
            "mean confidence": mean.numpy(),
            "confidence - accuracy": (mean - accuracy).numpy(),
        }
    )
    columns = {"accuracy": accuracy.numpy(), "mean confidence": mean.numpy()}
    return Section(
        "confidence",
        "Confidence per genre",
        "Document 5's measure: how sure the model is of clips of each genre, beside how often it "
        "is right. More confidence than accuracy is too much of it.",
        shown,
        group_bars_figure(data.names, columns, "share of the genre's test clips"),
    )


def calibration(predictions: pd.DataFrame) -> Section:
    """Return how often decisions of each confidence are right."""
    right = (predictions["decision"] == predictions["genre"]).to_numpy()
    sure = predictions["confidence"].to_numpy().clip(0, 1)
    return Section(
        "calibration",
        "Calibration of the confidence",
        "Share of right decisions by confidence, on the dashed line where calibrated. Read the "
        "calibration error beside the accuracy: a uniform guess of equally frequent genres has "
        "none.",
        figure=confidence_figure(right.astype(int), sure),
    )
