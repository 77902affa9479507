"""What the report shows of predicted genres: confusions, confidence per genre, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from muso_exp.figures.sound import confidence_figure, confusion_figure, group_bars_figure
from muso_exp.metrics.genres import per_class
from muso_exp.records import Section

if TYPE_CHECKING:
    from muso_exp.data.audio_genres import AudioGenres

N_BINS = 10  # of the confidence, of equal width
Z = 1.959964  # of a normal variable, 95 %
FEW = "Intervals are Wilson's, with as many trials as there are artists."


def sections(data: AudioGenres, predictions: pd.DataFrame) -> list[Section]:
    """Return the confusion matrix, the table of confidence, and the calibration."""
    return [
        confusion(data, predictions),
        confidence(data, predictions),
        calibration(data, predictions),
    ]


def confusion(data: AudioGenres, predictions: pd.DataFrame) -> Section:
    """Return the test clips by true and decided genre."""
    table = pd.crosstab(predictions["genre"], predictions["decision"])
    counts = table.reindex(index=data.names, columns=data.names, fill_value=0)
    shown = counts.rename_axis(None, axis=1).reset_index(names="true genre")
    text = "Test clips by true genre (rows) and decided genre (columns)."
    folds = data.split_options.n_folds
    if folds > 1:
        text += (
            f" One of {folds} folds: `python -m muso_exp compare FOLDER --mean`, given the folder "
            "of them all, shows recall_<genre>, and with it which genre is missed throughout."
        )
    figure = confusion_figure(counts.to_numpy(), data.names)
    return Section("confusion", "Confusions", text, shown, figure)


def confidence(data: AudioGenres, predictions: pd.DataFrame) -> Section:
    """Return accuracy and mean confidence of each true genre."""
    probabilities = torch.tensor(np.array(predictions["probabilities"].tolist()))
    target = data.target()
    n_rows, accuracy, mean = (column.numpy() for column in per_class(probabilities, target).T)
    artists = data.units()[:, 0]
    n_artists = np.array(
        [len(np.unique(artists[target.numpy() == number])) for number in range(len(data.names))]
    )
    shown = pd.DataFrame(
        {
            "genre": data.names,
            "test clips": n_rows.astype(int),
            "artists": n_artists,
            "accuracy": accuracy,
            "interval": interval_text(accuracy, n_artists),
            "mean confidence": mean,
            "confidence - accuracy": mean - accuracy,
        }
    )
    columns = {"accuracy": accuracy, "mean confidence": mean}
    labels = [f"{name} ({int(n)})" for name, n in zip(data.names, n_rows, strict=True)]
    return Section(
        "confidence",
        "Confidence per genre",
        "Document 5's measure: how sure the model is of clips of each genre (their number in "
        "brackets), beside how often it is right. More confidence than accuracy is too much of "
        f"it. {FEW}",
        shown,
        group_bars_figure(labels, columns, "accuracy and mean confidence of the test clips"),
    )


def calibration(data: AudioGenres, predictions: pd.DataFrame) -> Section:
    """Return how often decisions of each confidence are right, and of how many clips."""
    right = (predictions["decision"] == predictions["genre"]).to_numpy(dtype=float)
    sure = predictions["confidence"].to_numpy().clip(0, 1)
    bins = np.minimum((sure * N_BINS).astype(int), N_BINS - 1)
    rows = pd.DataFrame({"sure": sure, "right": right, "artist": data.units()[:, 0]}).groupby(bins)
    mean, share, clips = rows["sure"].mean(), rows["right"].mean(), rows.size()
    n_artists = rows["artist"].nunique()
    shown = pd.DataFrame(
        {
            "confidence": [f"{low / N_BINS:g} to {(low + 1) / N_BINS:g}" for low in clips.index],
            "test clips": clips.to_numpy(),
            "artists": n_artists.to_numpy(),
            "mean confidence": mean.to_numpy(),
            "right": share.to_numpy(),
            "interval": interval_text(share.to_numpy(), n_artists.to_numpy()),
        }
    )
    figure = confidence_figure(right, sure, mean.to_numpy(), share.to_numpy(), clips.to_numpy())
    return Section(
        "calibration",
        "Calibration of the confidence",
        "Share of right decisions by confidence, on the dashed line where calibrated, beside the "
        f"number of clips. {FEW} Read the calibration error beside the accuracy: a uniform guess "
        "of equally frequent genres has none.",
        shown,
        figure,
    )


def interval_text(share: np.ndarray, n: np.ndarray) -> list[str]:
    """Return the 95 % intervals of shares (k,) of n trials (k,) as text, "-" of no trial."""
    low, high = wilson_interval(share, n)
    return [
        f"{a:.2f} to {b:.2f}" if np.isfinite(a) else "-" for a, b in zip(low, high, strict=True)
    ]


def wilson_interval(share: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % interval of shares (k,) of n trials (k,); NaN of no trial.

    Source: Wilson 1927. Deviation: none; artists for trials, as clips of one artist are alike.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = 1 / (1 + Z**2 / n)
        centre = scale * (share + Z**2 / (2 * n))
        half = scale * Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return centre - half, centre + half
