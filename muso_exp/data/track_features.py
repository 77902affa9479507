"""A table of tracks with audio features, to be clustered."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from msgspec.structs import asdict
from torch.utils.data import DataLoader

from muso_exp.cache import cache_key, cached_folder
from muso_exp.data.base import ExperimentData
from muso_exp.data.clustering.split import (
    FeatureRows,
    distinct,
    fingerprint,
    require_varied,
    split_tracks,
)
from muso_exp.data.playlist_owner.splits import unit
from muso_exp.errors import ConfigError
from muso_exp.features.artists import artist_units
from muso_exp.features.clusters import check_k
from muso_exp.features.tracks import Scaling, fit_scaling
from muso_exp.formats.feature_columns import chosen_features
from muso_exp.formats.feature_table import find_feature_table, read_feature_table
from muso_exp.formats.track_tables import log_left_out
from muso_exp.options import Count, Options, Seed, SomeShare, UpToOne
from muso_exp.simulation.checked import simulated_world, small_worlds_refused
from muso_exp.simulation.track_features import write_track_features
from muso_exp.tasks.clustering.clustered_tracks import ClusteredTracks, ClusterOptions, SampleSizes
from muso_exp.tasks.clustering.new_tracks import TracksToCluster
from muso_exp.tasks.clustering.overview import tracks_overview
from muso_exp.tasks.clustering.task import Clustering
from muso_exp.tasks.overview import Overview

_SIMULATION_VERSION = 1
_EXAMPLES = 3  # tracks that a served run is shown to answer about


class TracksWorld(Options, frozen=True, kw_only=True):
    """A simulated world with a table of tracks.

    Attributes:
        artists: how many.
        tracks: in the table.
        taste: share of a feature's variance that follows from taste.
        seed: of all draws.
    """

    artists: Count
    tracks: Count
    taste: UpToOne
    seed: Seed


class TrackFeatures(ExperimentData):
    """Tracks with audio features, to be clustered; a cluster recommends its first test tracks.

    Args:
        features: audio features to cluster by.
        drop: features to leave out of these.
        duplicates: what a second row of an id is: `refuse`d, or left out (`first`).
        distinct_rows: leave out tracks that equal an earlier one in all features.
        scaling: a linear one of `muso_exp.features.tracks.fit_scaling`; fitted on train.
        n_train: tracks to train on, drawn at random; None for `train_share`.
        train_share: share of the tracks to train on.
        n_clusters: clusters to recommend from.
        curve: numbers of clusters to compare.
        reported: WCSS on train that the paper's code gives for each of `curve`, unscaled;
            drawn beside the measured one where that is of the same table and unscaled too.
        n_listed: tracks to recommend.
        samples: how many rows the slow parts of the report read.
        world: the simulated world, where no root is given.
        bad_rows: a row with a feature that is none is `refuse`d, or `drop`ped and counted.
        **common: see `muso_exp.data.base.ExperimentData`; the clusterings need all rows in a batch.

    Raises:
        ConfigError: an option that is not known, or features that are not there.

    Source: document 4, clusters, at scaling `none`. Deviation: train tracks are drawn at random;
    its notebook takes the first 40,000 rows of a file whose order is not known.
    """

    name = "track_features"
    task: Clustering
    reads_feature_tables = True
    published_fingerprint = "8c8179705cd872c922dbd3c0f3d274c8b4c0fca96ff8acf604ec69e67afa622a"

    def __init__(
        self,
        features: list[str],
        drop: list[str],
        duplicates: Literal["refuse", "first"],
        distinct_rows: bool,
        scaling: Literal["none", "global", "per_feature", "standard"],
        n_train: Count | None,
        train_share: SomeShare,
        n_clusters: Count,
        curve: list[Count],
        reported: list[float],
        n_listed: Count,
        samples: SampleSizes,
        world: TracksWorld,
        bad_rows: Literal["refuse", "drop"] = "refuse",
        **common: Any,
    ) -> None:
        super().__init__(**common)
        if len(curve) < 1 or len(set(curve)) < len(curve):
            raise ConfigError(f"dataset.curve={curve}: different numbers of clusters are needed")
        if len(reported) not in (0, len(curve)):
            raise ConfigError(
                f"dataset.reported: a value for each of {len(curve)} numbers in dataset.curve is "
                f"needed, or none at all; got {len(reported)}"
            )
        self.features = chosen_features(features, drop)
        self.duplicates, self.distinct_rows, self.how = duplicates, distinct_rows, scaling
        self.n_train, self.train_share = n_train, train_share
        self.options = ClusterOptions(
            n_clusters, curve, reported, n_listed, samples, self.seed, self.cache
        )
        self.world, self.bad_rows = world, bad_rows
        self.splits: dict[str, FeatureRows] = {}

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
        self.left_out = Counter[str]()
        dropped = self.left_out if self.bad_rows == "drop" else None
        read = read_feature_table(path, self.features, self.duplicates, left_out=dropped)
        self.fingerprint = fingerprint(read, self.features)
        different = distinct(read, self.features)
        tracks = different if self.distinct_rows else read
        rng = np.random.default_rng([self.seed, 1])
        rows = split_tracks(len(tracks), self.n_train, self.train_share, rng)
        n_clusters, curve = self.options.n_clusters, self.options.curve
        for k in (n_clusters, *curve):
            check_k(k, len(rows["train"]))
        whole = tracks[self.features].to_numpy(dtype=np.float64)
        values = {name: whole[own] for name, own in rows.items()}  # (n_rows, n_features)
        require_varied(path, self.features, values["train"])
        self.scaling = fit_scaling(values["train"], self.how)
        self.splits = {name: FeatureRows(self.scaling.apply(x)) for name, x in values.items()}
        clustered = self._clustered(tracks, rows, len(read), len(different))
        self.known = clustered.part("test")[["id", "title", "artist", *self.features]]
        self.spread = clustered.spread
        self.dims = {"n_features": len(self.features), "n_clusters": n_clusters, "curve": curve}
        self.task = Clustering(clustered, self.options)

    def _clustered(
        self, tracks: pd.DataFrame, rows: dict[str, np.ndarray], n_read: int, n_distinct: int
    ) -> ClusteredTracks:
        return ClusteredTracks(
            tracks=tracks,
            features=self.features,
            rows=rows,
            inputs={name: split.x for name, split in self.splits.items()},
            units={name: _units(tracks.iloc[own]) for name, own in rows.items()},
            scaling=self.how,
            n_read=n_read,
            n_distinct=n_distinct,
            distinct_rows=self.distinct_rows,
            published=self.published,
            left_out=self.left_out,
        )

    def overview(self) -> Overview:
        """Return what the table holds, see `tracks_overview`."""
        return tracks_overview(self.task.tracks, self.task.counts(), self.seed)

    def train_dataloader(self) -> DataLoader:
        """Return the train tracks."""
        return self.loader(self.splits["train"], shuffle=False)

    def test_dataloader(self) -> DataLoader:
        """Return the test tracks, in the order of the file."""
        return self.loader(self.splits["test"], shuffle=False)

    def state_dict(self) -> dict[str, Any]:
        """Return the fitted scaling and the tracks that are recommended from."""
        values = np.ascontiguousarray(self.known[self.features].to_numpy(dtype=np.float64))
        fitted = {"scaling": self.scaling.state(), "spread": self.spread.tolist()}
        named = {f"{name}s": self.known[name].tolist() for name in ("id", "title", "artist")}
        return {**fitted, **named, "values": torch.from_numpy(values)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.scaling = Scaling.from_state(state_dict["scaling"])
        self.spread = np.array(state_dict["spread"])
        self.known = pd.DataFrame(state_dict["values"].numpy(), columns=self.features)
        for name in ("id", "title", "artist"):  # a run of before has ids alone
            self.known[name] = state_dict.get(f"{name}s", "")

    def read_new(self, path: Path) -> TracksToCluster:
        """Read tracks of a new table, CSV or JSON, with the features of the training.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: the file lacks a feature, or holds what it must not.
        """
        remedy = "the run was trained with it, train one without"
        left = Counter[str]() if self.bad_rows == "drop" else None
        fix = "correct or remove the row"
        tracks = read_feature_table(path, self.features, self.duplicates, remedy, fix, left)
        log_left_out(left or {})
        return TracksToCluster(
            tracks=tracks,
            x=self._scaled(tracks),
            known_ids=self.known["id"].to_numpy(dtype=str),
            known_x=self._scaled(self.known),
            spread=self.spread,
            n_listed=self.options.n_listed,
            known_names=_names(self.known),
        )

    def example(self) -> tuple[str, bytes]:
        """Return a table of a few tracks of the test, with the features of the training."""
        tracks = self.task.tracks.part("test")[["id", *self.features]].head(_EXAMPLES)
        return "tracks.csv", tracks.to_csv(index=False).encode()

    def _scaled(self, tracks: pd.DataFrame) -> np.ndarray:
        """Return the features of tracks as the model gets them, (n_tracks, n_features), float32."""
        return self.scaling.apply(tracks[self.features].to_numpy(dtype=np.float64))

    def _simulated_files(self) -> Path:
        world = self.world
        key = cache_key("track_features", _SIMULATION_VERSION, asdict(world))

        def write(folder: Path) -> None:
            simulated = simulated_world(
                n_users=40, n_genres=12, n_artists=world.artists, seed=world.seed
            )
            with small_worlds_refused():
                write_track_features(simulated, folder, world.tracks, world.taste, world.seed)

        return cached_folder(self.cache, key, write)


def _units(tracks: pd.DataFrame) -> np.ndarray:
    """Return a number for each track, by its artist, or itself where unknown, (n_tracks, 1)."""
    return np.array([[unit(name)] for name in artist_units(tracks["artist"], tracks["id"])])


def _names(known: pd.DataFrame) -> np.ndarray | None:
    """Return artist and title of each track, its id where it has none; None if no track has any."""
    texts = known[["artist", "title", "id"]].astype(str).itertuples(index=False)
    names = [" - ".join(part for part in row[:2] if part) or row[2] for row in texts]
    return np.array(names) if (known["title"] != "").any() else None
