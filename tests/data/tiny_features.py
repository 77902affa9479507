"""A tiny feature table in the real file's format, and the data set of clusters over it."""

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from conftest import REPOSITORY
from tiny_tracks import tracks

from muso_exp.data.track_features import TrackFeatures

CONF = yaml.safe_load((REPOSITORY / "conf" / "dataset" / "track_features.yaml").read_text())
SMALL = {"n_clusters": 3, "curve": [2, 3, 5], "tsne_rows": 0, "tree_rows": 40, "n_listed": 4}


def dataset(root: Path | None, cache: Path, **options: Any) -> TrackFeatures:
    plain = {k: v for k, v in CONF.items() if not k.startswith("_")}
    places = {"root": root and str(root), "cache": str(cache), "seed": 0}
    return TrackFeatures(**plain | places | SMALL | options)


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
