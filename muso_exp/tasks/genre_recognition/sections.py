"""What the report shows of predicted genres: confusions, confidence per genre, calibration."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import torch

from muso_exp.figures.sound import confidence_figure, confusion_figure, group_bars_figure
from muso_exp.metrics.genres import per_class
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.records import Section

N_BINS = 10  # of the confidence, of equal width
FEW = "Intervals are Wilson's, with as many trials as there are artists."


def sections(
    predictions: pd.DataFrame,
    names: list[str],
    artists: np.ndarray,
    n_folds: int,
    bootstrap: Bootstrap,
) -> list[Section]:
    """Return the confusion matrix, the table of confidence, and the calibration.

    Args:
        predictions: of the test clips, see `GenreRecognition.predictions`.
        names: of the genres, by number.
        artists: of the test clips, shape (n_rows,).
        n_folds: folds of a cross-validation; 0 for none.
        bootstrap: of the run.
    """
    return [
        confusion(predictions, names, n_folds),
        confidence(predictions, names, artists, bootstrap),
        calibration(predictions, artists, bootstrap),
    ]


def confusion(predictions: pd.DataFrame, names: list[str], n_folds: int) -> Section:
    """Return the test clips by true and decided genre."""
    table = pd.crosstab(predictions["genre"], predictions["decision"])
    counts = table.reindex(index=names, columns=names, fill_value=0)
    shown = counts.rename_axis(None, axis=1).reset_index(names="true genre")
    text = "Test clips by true genre (rows) and decided genre (columns)."
    if n_folds > 1:
        text += (
            f" One of {n_folds} folds: `python -m muso_exp compare FOLDER --mean`, given the "
            "folder of them all, shows recall_<genre>, and with it which genre is missed "
            "throughout."
        )
    figure = partial(confusion_figure, counts.to_numpy(), names)
    return Section("confusion", "Confusions", text, shown, figure)


def confidence(
    predictions: pd.DataFrame, names: list[str], artists: np.ndarray, bootstrap: Bootstrap
) -> Section:
    """Return accuracy and mean confidence of each true genre."""
    probabilities = torch.tensor(np.array(predictions["probabilities"].tolist()))
    target = torch.tensor(predictions["target"].to_numpy())
    n_rows, accuracy, mean = (column.numpy() for column in per_class(probabilities, target).T)
    n_artists = np.array(
        [len(np.unique(artists[target.numpy() == number])) for number in range(len(names))]
    )
    shown = pd.DataFrame(
        {
            "genre": names,
            "test clips": n_rows.astype(int),
            "artists": n_artists,
            "accuracy": accuracy,
            "interval": interval_text(bootstrap, accuracy, n_artists),
            "mean confidence": mean,
            "confidence - accuracy": mean - accuracy,
        }
    )
    columns = {"accuracy": accuracy, "mean confidence": mean}
    labels = [f"{name} ({int(n)})" for name, n in zip(names, n_rows, strict=True)]
    return Section(
        "confidence",
        "Confidence per genre",
        "Document 5's measure: how sure the model is of clips of each genre (their number in "
        "brackets), beside how often it is right. More confidence than accuracy is too much of "
        f"it. {FEW}",
        shown,
        partial(
            group_bars_figure, labels, columns, "accuracy and mean confidence of the test clips"
        ),
    )


def calibration(predictions: pd.DataFrame, artists: np.ndarray, bootstrap: Bootstrap) -> Section:
    """Return how often decisions of each confidence are right, and of how many clips."""
    right = (predictions["decision"] == predictions["genre"]).to_numpy(dtype=float)
    sure = predictions["confidence"].to_numpy().clip(0, 1)
    bins = np.minimum((sure * N_BINS).astype(int), N_BINS - 1)
    rows = pd.DataFrame({"sure": sure, "right": right, "artist": artists}).groupby(bins)
    mean, share, clips = rows["sure"].mean(), rows["right"].mean(), rows.size()
    n_artists = rows["artist"].nunique()
    shown = pd.DataFrame(
        {
            "confidence": [f"{low / N_BINS:g} to {(low + 1) / N_BINS:g}" for low in clips.index],
            "test clips": clips.to_numpy(),
            "artists": n_artists.to_numpy(),
            "mean confidence": mean.to_numpy(),
            "right": share.to_numpy(),
            "interval": interval_text(bootstrap, share.to_numpy(), n_artists.to_numpy()),
        }
    )
    figure = partial(
        confidence_figure, right, sure, mean.to_numpy(), share.to_numpy(), clips.to_numpy()
    )
    return Section(
        "calibration",
        "Calibration of the confidence",
        "Share of right decisions by confidence, on the dashed line where calibrated, beside the "
        f"number of clips. {FEW} Read the calibration error beside the accuracy: a uniform guess "
        "of equally frequent genres has none.",
        shown,
        figure,
    )


def interval_text(bootstrap: Bootstrap, share: np.ndarray, n: np.ndarray) -> list[str]:
    """Return the intervals of shares (k,) of n artists (k,) as text, "-" of no artist."""
    low, high = bootstrap.shares(share, n)
    return [
        f"{a:.2f} to {b:.2f}" if np.isfinite(a) else "-" for a, b in zip(low, high, strict=True)
    ]
