"""The sections of the report: errors, frequencies, intervals, checks on other songs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import Tensor

from muso_exp.figures import common as plots
from muso_exp.figures import spectra as plots_spectra
from muso_exp.metrics.regression import R2, MeanSquaredError
from muso_exp.metrics.resampling import Bootstrap, percentile_interval
from muso_exp.records import Batch, Section
from muso_exp.tasks.feature_regression.estimates import estimates_table
from muso_exp.tasks.feature_regression.feature_songs import FeatureSongs
from muso_exp.tasks.feature_regression.genre_checks import GenreChecks, compare_genres
from muso_exp.tasks.feature_regression.importance import band_importance

N_SHOWN = 4  # test songs in the figure of spectra


def by_feature(
    songs: FeatureSongs, preds: Tensor, units: np.ndarray, bootstrap: Bootstrap
) -> Section:
    """Return the errors of each feature (n_rows, n_features), with intervals over units."""
    target = songs.targets_of("test").double()
    columns = {"preds": preds, "target": target}
    weights = bootstrap.weights(units)
    ones = torch.ones(1, len(target), dtype=torch.float64)
    r2 = R2().per_output(ones, **columns)[0].numpy()
    samples = R2().per_output(weights, **columns)  # (n_resamples, n_features)
    ends = np.array([percentile_interval(sample) for sample in samples.T])
    ranks = [spearmanr(*pair).statistic for pair in zip(preds.T, target.T, strict=True)]
    table = pd.DataFrame(
        {
            "feature": songs.features,
            "squared error": MeanSquaredError().per_output(ones, **columns)[0].numpy(),
            "R2": r2,
            "R2 low": ends[:, 0],
            "R2 high": ends[:, 1],
            "rank correlation": ranks,
        }
    )
    figure = partial(
        plots.forest_figure, songs.features, r2, ends, "R2 (dashed: the train mean)", 0.0
    )
    text = (
        "Each feature by itself, in standard units; intervals over artists. The card's r2 is the "
        "mean of the column R2, in which a feature of little spread among the test songs counts as "
        "much as any: not one minus the ratio of the mean squared errors."
    )
    return Section("by_feature", "Error by feature", text, table=table, figure=figure)


def scatter(songs: FeatureSongs, predictions: pd.DataFrame, raw: np.ndarray) -> Section:
    """Return estimates in own units, shape (n_rows, n_features), against the truth."""
    truth = predictions[songs.features].to_numpy(dtype=np.float64)
    figure = partial(plots_spectra.scatter_figure, truth, raw, songs.features)
    text = "Test songs, in the features' own units. A model that has learned lies on the line."
    return Section("estimates", "Estimated against true features", text, figure=figure)


def examples(songs: FeatureSongs, batch: Batch, edges: np.ndarray, preds: Tensor) -> Section:
    """Return the document's figure: spectra of some test songs, and true and predicted features."""
    n_shown = min(N_SHOWN, len(batch["x"]))
    shown = songs.part("test").head(n_shown)
    names = zip(shown["artist"], shown["title"], shown["id"], strict=True)
    titles = [f"{artist} - {title}" if title else track for artist, title, track in names]
    figure = partial(
        plots_spectra.songs_figure,
        (edges[1:] + edges[:-1]) / 2,
        batch["x"][:n_shown].numpy(),
        batch["target"][:n_shown].numpy(),
        preds[:n_shown].numpy(),
        songs.features,
        titles,
    )
    text = "Standardised inputs of the first test songs, and their features in standard units."
    return Section("songs", "Spectra and features of some songs", text, figure=figure)


def importance(songs: FeatureSongs, batch: Batch, edges: np.ndarray, model: Any) -> Section:
    """Return which frequencies move which feature, on a batch of test songs."""
    found = band_importance(batch["x"], batch["target"], edges, model.columns, songs.seed)
    panels = [
        ("effect: change of the estimate if the band is 1 sd louder (sd)", found.effect),
        ("importance: rise of the squared error if the band is shuffled", found.loss),
    ]
    figure = partial(plots_spectra.heat_figure, panels, songs.features, found.edges, "Hz")
    arrays = {"edges": found.edges, "effect": found.effect, "loss": found.loss}
    table = _strongest(songs.features, found.edges, found.effect, found.loss)
    text = (
        "Which frequencies move which feature, mean over test songs; red up, blue down. Bands of "
        "equal musical interval, each row by its own scale (the table has the largest values). A "
        "band may move an estimate much and be of little use."
    )
    title = "Importance of frequencies"
    return Section("importance", title, text, table=table, figure=figure, arrays=arrays)


def _strongest(
    features: Sequence[str], edges: np.ndarray, effect: np.ndarray, loss: np.ndarray
) -> pd.DataFrame:
    """Return for each feature the band that moves it most and the one that it needs most."""
    moved, needed = np.abs(effect).argmax(axis=1), loss.argmax(axis=1)
    rows = np.arange(len(features))
    bands = [f"{low:.0f}-{high:.0f} Hz" for low, high in pairwise(edges)]
    return pd.DataFrame(
        {
            "feature": features,
            "moved most by": [bands[band] for band in moved],
            "effect (sd)": effect[rows, moved],
            "needs most": [bands[band] for band in needed],
            "rise of its error": loss[rows, needed],
            "rise, all bands": loss.sum(axis=1),
        }
    )


def intervals(songs: FeatureSongs, raw: np.ndarray, half_widths: np.ndarray) -> Section:
    """Return the intervals' half widths, and how many test songs lie inside."""
    truth = songs.part("test")[songs.features].to_numpy(dtype=np.float64)
    inside = np.abs(raw - truth) <= half_widths
    naive = np.quantile(
        np.abs(songs.part("train")[songs.features] - songs.scaling.shift), songs.coverage, axis=0
    )
    table = pd.DataFrame(
        {
            "feature": songs.features,
            "half width": [_width(width) for width in half_widths.tolist()],
            "half width of the mean": naive,
            "test songs inside": inside.mean(axis=0),
        }
    )
    text = (
        f"Intervals for {songs.coverage:.0%} of new songs like these, from the errors on the "
        f"{len(songs.parts['val'])} dev songs (split conformal); beside them those that the train "
        "mean alone would need."
    )
    return Section("intervals", "Intervals of new songs", text, table=table)


def check_sections(checks: GenreChecks, model: Any, bootstrap: Bootstrap) -> list[Section]:
    """Return the checks on other songs, which have genres."""
    new = checks.songs
    estimates = estimates_table(new.songs, new.estimate(model), new.half_widths, new.features)
    if "genre" not in estimates:
        estimates["genre"] = ""
    table = compare_genres(estimates, new.artists, checks.checks, bootstrap)
    raw = estimates[new.features].to_numpy(dtype=np.float64)
    n_outside = float(np.abs((raw - new.scaling.shift) / new.scaling.span).mean())
    text = (
        f"{len(estimates)} songs of {checks.place} under the "
        "trained model: the share of pairs of songs, one of each genre, that are in the order a "
        "listener expects (.5: none), with 95 % intervals over artists. Estimates of these songs "
        f"lie on average {n_outside:.1f} of the train songs' standard deviations from their mean."
    )
    pairs = zip(table["feature"], table["higher in"], table["than in"], strict=True)
    labels = [f"{feature}: {more} > {less}" for feature, more, less in pairs]
    figure = None
    if len(table):
        ends = table[["low", "high"]].to_numpy()
        share = table["share"].to_numpy()
        figure = partial(
            plots.forest_figure, labels, share, ends, "share of pairs as expected", 0.5
        )
    means = estimates.groupby("genre")[new.features].mean().reset_index()
    return [
        Section("genre_checks", "Checks on other songs", text, table=table, figure=figure),
        Section("genre_check_means", "Mean estimates by genre", table=means),
    ]


def _width(width: float) -> float | str:
    return width if np.isfinite(width) else "any value: too few dev songs"
