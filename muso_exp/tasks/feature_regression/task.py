"""The task "which audio features does a song have?", from its sound."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.regression import R2, MeanSquaredError, OutputAccuracy
from muso_exp.records import Batch, Columns, Finding, Section
from muso_exp.tasks.base import Answer, ExtraTask, Task, column_of
from muso_exp.tasks.feature_regression import sections as report
from muso_exp.tasks.feature_regression.audit import audit
from muso_exp.tasks.feature_regression.baselines import part_nulls
from muso_exp.tasks.feature_regression.dev_part import DevFeatures
from muso_exp.tasks.feature_regression.estimates import half_widths
from muso_exp.tasks.feature_regression.feature_songs import NAMES, FeatureSongs
from muso_exp.tasks.feature_regression.genre_checks import GenreChecks
from muso_exp.tasks.feature_regression.next_songs import NextSongs, NextSongTest
from muso_exp.tasks.feature_regression.trends import failure_trends


class FeatureRegression(Task):
    """Estimate the standardised features of the test songs; artists are the independent unit.

    Args:
        songs: and their split.
        units: a number for the artist of each song, shape (n_songs, 1).
        dev: batches of the dev songs, in row order; can be iterated again, as the next.
        test: batches of the test songs.
        checks: on other songs; None for none.
        chain: which songs follow a song; None for none.
    """

    keys = ("id", "artist", "title", "genre")

    def __init__(
        self,
        songs: FeatureSongs,
        units: np.ndarray,
        dev: Iterable[Batch],
        test: Iterable[Batch],
        checks: GenreChecks | None,
        chain: NextSongs | None = None,
    ) -> None:
        self.songs, self.target = songs, songs.targets_of("test")
        self.units = units[songs.parts["test"]]
        self.dev, self.test, self.checks = dev, test, checks
        self.extra: list[ExtraTask] = [DevFeatures(songs, units[songs.parts["val"]], dev)]
        if chain is not None:
            self.extra.append(NextSongTest(songs, self.units, chain, test))

    def metrics(self) -> MetricCollection:
        """Return the document's squared error, R2, and how often the mode is right."""
        features, scaling = self.songs.features, self.songs.scaling
        metrics: dict[str, WeightedMetric] = {"mse": MeanSquaredError(), "r2": R2()}
        if "mode" in features:
            place = features.index("mode")
            half = (0.5 - scaling.shift[place]) / scaling.span[place]
            metrics["mode_accuracy"] = OutputAccuracy(place, float(half))
        return MetricCollection({**metrics}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the train mean, a line through the level, and the mean of known artists."""
        return part_nulls(self.songs, "test")

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test song: names, each feature and its estimate, in own units."""
        songs = self.songs
        raw = columns["preds"].double().numpy() * songs.scaling.span + songs.scaling.shift
        estimated = pd.DataFrame(raw, columns=[f"{name}_estimate" for name in songs.features])
        return pd.concat([songs.part("test")[[*NAMES, *songs.features]], estimated], axis=1)

    def answered(self, table: pd.DataFrame) -> Columns:
        """Return the columns of a table of `predictions`: the features, estimated, as they are."""
        songs, like = self.songs, torch.zeros(0, dtype=torch.float64)
        raw = [column_of(table, f"{name}_estimate", like) for name in songs.features]
        scaled = (torch.stack(raw, dim=1) - torch.as_tensor(songs.scaling.shift)) / torch.as_tensor(
            songs.scaling.span
        )
        return {"preds": scaled.float()}

    def audit(self, answer: Answer) -> list[Finding]:
        """Return what was left out, what the parts share, and what the targets are."""
        return audit(self.songs)

    def counts(self) -> dict[str, int]:
        """Return songs, artists, songs of each part, and features."""
        songs = self.songs
        parts = {f"{name}_songs": len(rows) for name, rows in songs.parts.items()}
        artists = len(np.unique(songs.artists))
        features = len(songs.features)
        return {"songs": len(songs.table), "artists": artists, **parts, "features": features}

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterator[Section]:
        """Yield errors by feature and group, examples, frequencies, intervals, and checks."""
        songs, scaling = self.songs, self.songs.scaling
        estimates = [f"{name}_estimate" for name in songs.features]
        raw = table[estimates].to_numpy(dtype=np.float64)
        preds = torch.from_numpy((raw - scaling.shift) / scaling.span)
        yield report.by_feature(songs, preds, self.units, answer.bootstrap)
        errors = (preds - self.target.double()).square().numpy()
        yield failure_trends(songs, errors, self.units, answer.bootstrap)
        yield report.scatter(songs, table, raw)
        if songs.bins is not None:
            batch = next(iter(self.test))
            yield report.examples(songs, batch, songs.bins, preds)
            yield report.importance(songs, batch, songs.bins, answer.model)
        yield report.intervals(songs, raw, half_widths(songs, self.dev, answer.model))
        if self.checks is not None:
            yield from report.check_sections(self.checks, answer.model, answer.bootstrap)
