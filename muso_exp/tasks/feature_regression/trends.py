"""Where a model fails: its error by genre, by loudness, and by the true value of each feature."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from muso_exp.figures.common import forest_figure
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.records import Section
from muso_exp.tasks.feature_regression.feature_songs import FeatureSongs

MIN_SONGS = 5  # of a group, or it has no row
THIRDS = ("lowest third", "middle third", "highest third")


def failure_trends(
    songs: FeatureSongs, errors: np.ndarray, units: np.ndarray, bootstrap: Bootstrap
) -> Section:
    """Return where the test songs' errors are large.

    Args:
        songs: and their split.
        errors: squared, in standard units, shape (n_rows, n_features).
        units: independent units of the rows, shape (n_rows, 1).
        bootstrap: of the run.

    Source: document 4, "Analyze trends in where our network is failing".
    """
    whole = errors.mean(axis=1)
    rows = []
    for of, group, inside, column in _groups(songs):
        own = (whole if column is None else errors[:, column])[inside]
        low, high = bootstrap.mean(own, units[inside])
        worst = songs.features[int(errors[inside].mean(axis=0).argmax())]
        rows.append((of, group, int(inside.sum()), own.mean(), low, high, worst))
    columns = ["of", "group", "songs", "squared error", "low", "high", "worst feature"]
    table = pd.DataFrame(rows, columns=columns)
    figure = None
    if len(table):
        labels = (table["of"] + ": " + table["group"]).tolist()
        ends = table[["low", "high"]].to_numpy()
        values = table["squared error"].to_numpy()
        mean = float(whole.mean())
        figure = partial(
            forest_figure,
            labels,
            values,
            ends,
            "squared error (sd squared)",
            mean,
            "all test songs and features",
        )
    text = (
        "Mean squared error of groups of test songs, in standard units, with 95 % intervals over "
        "artists. Genre and level: of all features together. A feature: of its own estimates, "
        "by its true value. A model that answers near the mean fails at both ends; one that fails "
        f"at one end only is biased. Groups of fewer than {MIN_SONGS} songs are left out."
    )
    return Section("failures", "Where the model fails", text, table=table, figure=figure)


def _groups(songs: FeatureSongs) -> Iterator[tuple[str, str, np.ndarray, int | None]]:
    """Yield what is grouped by, the group, its rows, and the feature whose error counts."""
    test = songs.part("test")
    genres = test["genre"].to_numpy(str)
    for genre in sorted(set(genres) - {""}):
        if (genres == genre).sum() >= MIN_SONGS:
            yield "genre", genre, genres == genre, None
    for third, inside in _thirds(songs.levels[songs.parts["test"]]):
        yield "level of the sound", third, inside, None
    for place, name in enumerate(songs.features):
        for third, inside in _thirds(test[name].to_numpy(dtype=np.float64)):
            yield name, third, inside, place


def _thirds(values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the rows of the thirds of values (n_rows,); of two values each is a group."""
    if len(np.unique(values)) <= 2:
        for value in np.unique(values).tolist():
            if (values == value).sum() >= MIN_SONGS:
                yield f"{value:g}", values == value
        return
    third = np.searchsorted(np.quantile(values, [1 / 3, 2 / 3]), values, side="left")
    for number, name in enumerate(THIRDS):
        if (third == number).sum() >= MIN_SONGS:
            yield name, third == number
