"""The loss that document 4 prints is of its dev part: a further test, beside the test songs."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from torchmetrics import MetricCollection

from muso_exp.metrics.regression import R2, MeanSquaredError
from muso_exp.records import Batch, Columns
from muso_exp.tasks.base import ExtraTask
from muso_exp.tasks.feature_regression.baselines import part_nulls
from muso_exp.tasks.feature_regression.feature_songs import FeatureSongs
from muso_exp.tasks.new_clips import predict_batches


class DevFeatures(ExtraTask):
    """Estimate the features of the dev songs, on which the checkpoint was chosen.

    Args:
        songs: and their split.
        units: a number for the artist of each dev song, shape (n_rows, 1).
        dev: batches of the dev songs, in row order; can be iterated again.

    Source: document 4, "Results": "the final loss on the dev set was 0.74".
    """

    def __init__(self, songs: FeatureSongs, units: np.ndarray, dev: Iterable[Batch]) -> None:
        self.songs, self.units, self.dev = songs, units, dev
        self.target = songs.targets_of("val")

    def metrics(self) -> MetricCollection:
        """Return squared error and R2 of the dev songs."""
        metrics = {"dev_mse": MeanSquaredError(), "dev_r2": R2()}
        return MetricCollection({**metrics}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the null models of the test songs, for the dev songs."""
        return part_nulls(self.songs, "val")

    def ask(self, model: Any) -> Columns:
        """Return the estimates `preds` (n_rows, n_features)."""
        return {"preds": predict_batches(model, self.dev)["preds"]}
