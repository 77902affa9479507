"""The task "which tracks sound alike?": clusters of a table of audio features."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.cache import cache_key, cached_folder
from muso_exp.data.base import OwnTask, Predict, SideTask
from muso_exp.data.clustering.split import (
    FeatureRows,
    distinct,
    fingerprint,
    require_varied,
    split_tracks,
)
from muso_exp.data.playlist_owner.splits import unit
from muso_exp.errors import ConfigError, require_choice
from muso_exp.features.clusters import check_k
from muso_exp.features.tracks import Scaling, fit_scaling
from muso_exp.formats.feature_table import find_feature_table, read_feature_table
from muso_exp.formats.track_tables import chosen_features
from muso_exp.metrics import clustering
from muso_exp.records import Finding, Section
from muso_exp.simulation.checked import simulated_world, small_worlds_refused
from muso_exp.simulation.track_features import write_track_features
from muso_exp.tasks.clustering import report as cluster_report
from muso_exp.tasks.clustering.baselines import null_columns
from muso_exp.tasks.clustering.similar_tracks import Pool, advise

SCALINGS = ("none", "global", "per_feature", "standard")  # the linear ones
_SIMULATION_VERSION = 1


class TrackFeatures(OwnTask):
    """Tracks with audio features, to be clustered; the first test tracks of a cluster are advice.

    Args:
        root: folder with `track_features.csv` or .gz; None for the simulated world's.
        cache: folder for the simulated file and for figures that take long.
        batch_size: rows of a training batch; 0 for all at once, as the clusterings want it.
        seed: of the split and of the random null model.
        num_workers: of the training loader.
        features: audio features to cluster by.
        drop: features to leave out of these.
        duplicates: what a second row of an id is: `refuse`d, or left out (`first`).
        distinct_rows: leave out tracks that equal an earlier one in all features.
        scaling: one of `SCALINGS`, see `muso_exp.features.tracks.fit_scaling`; fitted on train.
        n_train: tracks to train on, drawn at random; None for `train_share`.
        train_share: share of the tracks to train on.
        n_clusters: clusters to recommend from.
        curve: numbers of clusters to compare.
        reported: WCSS on train that the paper's code gives for each of `curve`, unscaled;
            drawn beside the measured one where that is of the same table and unscaled too.
        n_listed: tracks to recommend.
        silhouette_rows: test tracks that the silhouette is computed among.
        tsne_rows: test tracks in the t-SNE figure; 0 for no figure.
        tree_rows: train tracks in the dendrogram; 0 for no figure.
        world_artists: artists of the simulated world.
        world_tracks: tracks in its table.
        world_taste: share of a simulated feature's variance that follows from taste.
        world_seed: of the world.

    Raises:
        ConfigError: an option that is not known, or features that are not there.

    Source: document 4, clusters, at scaling `none`. Deviation: train tracks are drawn at random;
    its notebook takes the first 40,000 rows of a file whose order is not known.
    """

    name = "track_features"
    published_fingerprint = "8c8179705cd872c922dbd3c0f3d274c8b4c0fca96ff8acf604ec69e67afa622a"

    def __init__(
        self,
        root: str | None,
        cache: str,
        batch_size: int,
        seed: int,
        num_workers: int,
        features: list[str],
        drop: list[str],
        duplicates: str,
        distinct_rows: bool,
        scaling: str,
        n_train: int | None,
        train_share: float,
        n_clusters: int,
        curve: list[int],
        reported: list[float],
        n_listed: int,
        silhouette_rows: int,
        tsne_rows: int,
        tree_rows: int,
        world_artists: int,
        world_tracks: int,
        world_taste: float,
        world_seed: int,
    ) -> None:
        super().__init__(root, cache, batch_size, seed, num_workers)
        require_choice("scaling", scaling, SCALINGS)
        require_choice("duplicates", duplicates, ("refuse", "first"))
        if not 0 < train_share < 1:
            raise ConfigError(f"dataset.train_share={train_share}: between 0 and 1 is needed")
        if len(curve) < 1 or len(set(curve)) < len(curve):
            raise ConfigError(f"dataset.curve={curve}: different numbers of clusters are needed")
        if len(reported) not in (0, len(curve)):
            raise ConfigError(
                f"dataset.reported: a value for each of {len(curve)} numbers in dataset.curve is "
                f"needed, or none at all; got {len(reported)}"
            )
        if n_listed < 1:
            raise ConfigError(f"dataset.n_listed={n_listed}: at least 1 is needed")
        self.features = chosen_features(features, drop)
        self.duplicates, self.distinct_rows, self.how = duplicates, distinct_rows, scaling
        self.n_train, self.train_share = n_train, train_share
        self.n_clusters, self.curve, self.reported = n_clusters, curve, reported
        self.n_listed, self.silhouette_rows = n_listed, silhouette_rows
        self.tsne_rows, self.tree_rows = tsne_rows, tree_rows
        self.world: dict[str, Any] = {
            "n_artists": world_artists,
            "n_tracks": world_tracks,
            "taste": world_taste,
            "seed": world_seed,
        }
        self.splits: dict[str, FeatureRows] = {}
        self._nulls: dict[str, dict[str, dict[str, Tensor]]] = {}  # by split

    def prepare_data(self) -> None:
        """Write the simulated table, unless there is a real one or it is in the cache."""
        if self.simulated:
            self._simulated_files()

    def setup(self, stage: str | None = None) -> None:
        """Read the table, split it and fit the scaling, once.

        Raises:
            DatasetNotFoundError: there is no table.
            DataFormatError: it holds what it must not, or a feature that never varies.
            ConfigError: too few tracks for the split or for so many clusters.
        """
        if self.splits:
            return
        root = self._simulated_files() if self.root is None else self.root
        path = find_feature_table(root)
        read = read_feature_table(path, self.features, self.duplicates)
        self.fingerprint = fingerprint(read, self.features)
        self.n_read = len(read)
        different = distinct(read, self.features)
        self.n_distinct = len(different)
        self.tracks = different if self.distinct_rows else read
        rng = np.random.default_rng([self.seed, 1])
        self.rows = split_tracks(len(self.tracks), self.n_train, self.train_share, rng)
        for k in (self.n_clusters, *self.curve):
            check_k(k, len(self.rows["train"]))
        require_varied(path, self.features, self.values("train"))
        self.scaling = fit_scaling(self.values("train"), self.how)
        self.splits = {
            name: FeatureRows(self.scaling.apply(self.values(name))) for name in self.rows
        }
        self.spread = self.splits["train"].x.double().numpy().std(axis=0)  # (n_features,)
        self.dims = {
            "n_features": len(self.features),
            "n_clusters": self.n_clusters,
            "curve": self.curve,
        }

    def values(self, split: str) -> np.ndarray:
        """Return the raw features of a split, shape (n_rows, n_features), float64."""
        return self.tracks[self.features].to_numpy(dtype=np.float64)[self.rows[split]]

    def of_split(self, split: str) -> pd.DataFrame:
        """Return the tracks of a split, in row order."""
        return self.tracks.iloc[self.rows[split]].reset_index(drop=True)

    def train_dataloader(self) -> DataLoader:
        """Return the train tracks."""
        return self.loader(self.splits["train"], shuffle=False)

    def test_dataloader(self) -> DataLoader:
        """Return the test tracks, in the order of the file."""
        return self.loader(self.splits["test"], shuffle=False)

    def metrics(self) -> MetricCollection:
        """Return how close the test tracks are to their clusters, and to what is recommended."""
        mean = self.splits["train"].x.double().numpy().mean(axis=0)
        return MetricCollection(
            {
                "mean_squared_distance": clustering.MeanSquaredDistance(),
                "explained_variance": clustering.ExplainedVariance(mean),
                "explained_share": clustering.ExplainedShare(mean),
                "calinski_harabasz": clustering.CalinskiHarabasz(mean),
                "silhouette": clustering.Silhouette(self.silhouette_rows),
                "silhouette_standard": clustering.Silhouette(self.silhouette_rows, self.spread),
                "recommended_distance": clustering.RecommendedDistance(self.spread, self.n_listed),
            },
            compute_groups=False,
        )

    def side_metrics(self) -> list[str]:
        """Return the sum of squares of the train tracks, by the number of clusters."""
        return [f"wcss_at_{k}" for k in self.curve]

    def side_task(self, predict: Predict) -> SideTask:
        """Return the within-cluster sums of squares on train, the document's elbow."""
        metrics = {f"wcss_at_{k}": clustering.SumOfSquares(i) for i, k in enumerate(self.curve)}
        x = self.splits["train"].x
        return SideTask(
            MetricCollection(dict(metrics), compute_groups=False),
            predict({"x": x}),
            x,
            _units(self.of_split("train")),
            self.nulls("train"),
        )

    def nulls(self, split: str = "test") -> dict[str, dict[str, Tensor]]:
        """Return clusterings of `muso_exp.tasks.clustering.baselines`."""
        if split not in self._nulls:
            train, rows = (self.splits[name].x.double().numpy() for name in ("train", split))
            self._nulls[split] = null_columns(
                train, rows, self.features, self.n_clusters, self.curve, self.seed
            )
        return self._nulls[split]

    def target(self) -> Tensor:
        """Return the test tracks as the model sees them, (n_rows, n_features): no label is true."""
        return self.splits["test"].x

    def units(self) -> np.ndarray:
        """Return a number for each test track, by its id, shape (n_rows, 1)."""
        return _units(self.of_split("test"))

    def predictions(self, preds: dict[str, Tensor]) -> pd.DataFrame:
        """Return a row per test track: id, title, artist, features, cluster, squared_distance."""
        table = self.of_split("test")[["id", "title", "artist", *self.features]]
        return table.assign(
            cluster=preds["cluster"].numpy(), squared_distance=preds["squared_distance"].numpy()
        )

    def audit(self) -> list[Finding]:
        """Return which features rule the distances, and tracks that are the same."""
        return cluster_report.audit(self)

    def counts(self) -> dict[str, int]:
        """Return tracks as read, distinct ones, rows of each split, features."""
        rows = {f"{name}_rows": len(split) for name, split in self.splits.items()}
        return {
            "tracks": self.n_read,
            "distinct_tracks": self.n_distinct,
            **rows,
            "features": len(self.features),
        }

    def sections(self, predictions: pd.DataFrame, predict: Predict) -> Sequence[Section]:
        """Return elbow, maps, tree, profiles, and who is recommended."""
        return cluster_report.sections(self, predictions, predict)

    def state_dict(self) -> dict[str, Any]:
        """Return the fitted scaling and the tracks that are recommended from."""
        known = self.of_split("test")
        values = torch.from_numpy(self.values("test"))
        fitted = {"scaling": self.scaling.state(), "spread": self.spread.tolist()}
        return {**fitted, "ids": known["id"].tolist(), "values": values}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.scaling = Scaling.from_state(state_dict["scaling"])
        self.spread = np.array(state_dict["spread"])
        self.known = pd.DataFrame(state_dict["values"].numpy(), columns=self.features)
        self.known.insert(0, "id", state_dict["ids"])

    def apply(self, path: Path, predict: Predict) -> pd.DataFrame:
        """Tell the cluster of each track of a new table, and recommend known tracks.

        Args:
            path: CSV or JSON of tracks with the features that the model was trained on.
            predict: the trained model.

        Returns:
            id, title, artist, cluster, distance to its centre, and two lists of ids: `recommended`,
            the first known tracks of the cluster, and `nearest`, the known tracks of most similar
            features, each of unit variance. A track is never advised to itself.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: the file lacks a feature, or holds what it must not.
        """
        remedy = "the run was trained with it, train one without"
        tracks = read_feature_table(path, self.features, self.duplicates, remedy)
        known = self.scaling.apply(self.known[self.features].to_numpy(dtype=np.float64))
        x = self.scaling.apply(tracks[self.features].to_numpy(dtype=np.float64))
        columns = predict({"x": torch.from_numpy(x)})
        clusters = predict({"x": torch.from_numpy(known)})["cluster"].numpy()
        advice = advise(
            Pool(tracks["id"].to_numpy(dtype=str), x / self.spread, columns["cluster"].numpy()),
            Pool(self.known["id"].to_numpy(dtype=str), known / self.spread, clusters),
            self.n_listed,
        )
        distance = columns["squared_distance"].double().sqrt().numpy()
        cluster = columns["cluster"].numpy()
        return tracks[["id", "title", "artist"]].assign(
            cluster=cluster, distance=distance, **advice
        )

    def _simulated_files(self) -> Path:
        key = cache_key("track_features", _SIMULATION_VERSION, self.world)
        world = dict(self.world)
        n_tracks, taste = world.pop("n_tracks"), world.pop("taste")

        def write(folder: Path) -> None:
            simulated = simulated_world(n_users=40, n_genres=12, **world)
            with small_worlds_refused():
                write_track_features(simulated, folder, n_tracks, taste, world["seed"])

        return cached_folder(self.cache, key, write)


def _units(tracks: pd.DataFrame) -> np.ndarray:
    return np.array([[unit(value)] for value in tracks["id"]], dtype=np.int64)
