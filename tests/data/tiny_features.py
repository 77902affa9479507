"""A tiny feature table in the real file's format, the data set over it, and a trained model."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from conftest import REPOSITORY
from made import made
from tiny_tracks import tracks
from torch import Tensor

from muso_exp.data.track_features import TrackFeatures
from muso_exp.features.clusters import kmeans
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.base import Model
from muso_exp.models.shown_abilities import CurveClusters
from muso_exp.records import Batch, Columns
from muso_exp.tasks.base import Answer

CONF = yaml.safe_load((REPOSITORY / "conf" / "dataset" / "track_features.yaml").read_text())
SMALL = {"n_clusters": 3, "curve": [2, 3, 5], "tsne_rows": 0, "tree_rows": 40, "n_listed": 4}


def dataset(root: Path | None, cache: Path, **options: Any) -> TrackFeatures:
    return made("track_features", root, cache, **SMALL | options)


def ready(root: Path | None, cache: Path, **options: Any) -> TrackFeatures:
    data = dataset(root, cache, **options)
    data.prepare_data()
    data.setup()
    return data


def table(n_rows: int = 80) -> pd.DataFrame:
    return tracks(n_rows).drop(columns=["track.name", "primary_artist"])


def write(folder: Path, content: pd.DataFrame | None = None) -> Path:
    content = table() if content is None else content
    content.to_csv(folder / "track_features.csv", index=False)
    return folder


class Fitted(Model):
    """A trained model: the nearest centres, by numpy."""

    def __init__(self, data: TrackFeatures) -> None:
        super().__init__()
        x, options = data.splits["train"].x.double().numpy(), data.options
        self.curve, self.n_clusters = options.curve, options.n_clusters
        self.centres = {k: kmeans(x, k).centres for k in {*self.curve, self.n_clusters}}

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> Columns:
        squared = self.squared(batch["x"], self.n_clusters)
        return {
            "cluster": torch.from_numpy(squared.argmin(axis=1)),
            "centre": torch.from_numpy(self.centres[self.n_clusters][squared.argmin(axis=1)]),
            "squared_distance": torch.from_numpy(squared.min(axis=1)),
        }

    def at_each_k(self, x: Tensor) -> CurveClusters:
        squared = [self.squared(x, k) for k in self.curve]
        labels = np.stack([own.argmin(axis=1) for own in squared], axis=1)
        least = np.stack([own.min(axis=1) for own in squared], axis=1)
        return CurveClusters(torch.from_numpy(labels), torch.from_numpy(least))

    def squared(self, x: Tensor, k: int) -> np.ndarray:
        return ((x.double().numpy()[:, None] - self.centres[k]) ** 2).sum(axis=2)


def answer(data: TrackFeatures, model: Model) -> Answer:
    return Answer(model, model.columns({"x": data.task.target}), Bootstrap(50))
