"""The rows of the task: tracks with audio features, their split, and what is reported of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from muso_exp.options import Options, ZeroOrMore


@dataclass(frozen=True)
class ClusteredTracks:
    """Tracks with audio features, split into train and test.

    Attributes:
        tracks: id, title, artist and raw features, a row each, in the order of the file.
        features: names of the features, in the order of the inputs.
        rows: row numbers of `train` and `test`, ascending.
        inputs: scaled features of each split, shapes (n_rows, n_features), float32.
        units: a number for each track of a split, by its artist, or itself where unknown, shapes
            (n_rows, 1).
        scaling: how the inputs were scaled.
        n_read: tracks as read.
        n_distinct: of these, tracks that differ from all earlier ones in some feature.
        distinct_rows: whether only those are used.
        published: whether the table is the paper's own.
        left_out: rows with a feature that is none, by reason.
    """

    tracks: pd.DataFrame
    features: list[str]
    rows: dict[str, np.ndarray]
    inputs: dict[str, Tensor]
    units: dict[str, np.ndarray]
    scaling: str
    n_read: int
    n_distinct: int
    distinct_rows: bool
    published: bool
    left_out: Mapping[str, int] = field(default_factory=dict)

    def part(self, split: str) -> pd.DataFrame:
        """Return the tracks of a split, in row order."""
        return self.tracks.iloc[self.rows[split]].reset_index(drop=True)

    def values(self, split: str) -> np.ndarray:
        """Return the raw features of a split, shape (n_rows, n_features), float64."""
        return self.tracks[self.features].to_numpy(dtype=np.float64)[self.rows[split]]

    def x(self, split: str) -> np.ndarray:
        """Return the scaled features of a split, shape (n_rows, n_features), float64."""
        return self.inputs[split].double().numpy()

    @cached_property
    def spread(self) -> np.ndarray:
        """Standard deviation of each train input, shape (n_features,)."""
        return self.x("train").std(axis=0)


class SampleSizes(Options, frozen=True, kw_only=True):
    """How many rows the slow parts of a report read.

    Attributes:
        silhouette_rows: test tracks that the silhouette is computed among.
        tsne_rows: test tracks in the t-SNE figure; 0 for no figure.
        tree_rows: train tracks in the dendrogram; 0 for no figure.
    """

    silhouette_rows: ZeroOrMore
    tsne_rows: ZeroOrMore
    tree_rows: ZeroOrMore


@dataclass(frozen=True)
class ClusterOptions:
    """What is asked of a clustering, and what the report shows.

    Attributes:
        n_clusters: clusters to recommend from.
        curve: numbers of clusters to compare.
        reported: WCSS on train that the paper's code gives for each of `curve`, or nothing.
        n_listed: tracks to recommend.
        samples: rows that the slow parts of the report read.
        seed: of the random null model.
        cache: folder for what takes long and is drawn again.
    """

    n_clusters: int
    curve: list[int]
    reported: list[float]
    n_listed: int
    samples: SampleSizes
    seed: int
    cache: Path
