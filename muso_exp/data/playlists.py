"""Two lists of tracks with audio features: whose playlist is a track from?"""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from msgspec import Meta
from msgspec.structs import asdict
from torch.utils.data import DataLoader

from muso_exp.cache import cache_key, cached_folder
from muso_exp.data.base import ExperimentData
from muso_exp.data.playlist_owner.splits import (
    TrackSplit,
    TracksSplit,
    class_weights,
    fingerprint,
    split_groups,
    split_rows,
    unit,
)
from muso_exp.errors import ConfigError
from muso_exp.features.artists import artist_units
from muso_exp.features.tracks import Scaling, fit_scaling
from muso_exp.formats.feature_columns import chosen_features, drop_bad_rows, read_features
from muso_exp.formats.track_lists import LEAST_TRACKS, ListOptions, read_lists
from muso_exp.formats.track_tables import drop_repeats, log_left_out, read_rows
from muso_exp.options import MAX_COUNT, Count, Options, Seed, UpToOne
from muso_exp.simulation.checked import simulated_world, small_worlds_refused
from muso_exp.simulation.playlists import write_playlists
from muso_exp.tasks.overview import Overview
from muso_exp.tasks.playlist_owner.new_tracks import NewTracks
from muso_exp.tasks.playlist_owner.overview import lists_overview
from muso_exp.tasks.playlist_owner.task import PlaylistOwner
from muso_exp.tasks.playlist_owner.two_lists import TwoLists

_SIMULATION_VERSION = 1
_EXAMPLES = 3  # tracks that a served run is shown to answer about
EnoughTracks = Annotated[int, Meta(ge=LEAST_TRACKS, le=MAX_COUNT)]


class LikesWorld(Options, frozen=True, kw_only=True):
    """A simulated world with two users' likes.

    Attributes:
        users: how many.
        artists: how many.
        liked: tracks that the two users like, at most.
        taste: share of a feature's variance that follows from taste.
        seed: of all draws.
    """

    users: Count
    artists: Count
    liked: list[Count]
    taste: UpToOne
    seed: Seed


class Playlists(ExperimentData):
    """Tracks of two lists; the positive list is the first one named.

    Args:
        features: audio features to use, in the order of the inputs.
        drop: features to leave out of these.
        files: see `muso_exp.formats.track_lists.ListOptions`, as the next six.
        column: column of one table whose values separate the lists.
        values: its values for the positive and the negative list.
        duplicates: `refuse` or `first`.
        overlap: `keep` or `drop`.
        balance: `cut`, `sample` or `weights`.
        n_tracks: most tracks of each list.
        scaling: one of `muso_exp.features.tracks.SCALINGS`, fitted on train.
        threshold: where a probability becomes a decision, for every model of the task: `half`;
            `validation`, the best F1 there; `test_midrange`, as published.
        split: which tracks are tested on.
        world: the simulated world with two users' likes, where no root is given.
        bad_rows: a row with a feature that is none is `refuse`d, or `drop`ped and counted.
        **common: see `muso_exp.data.base.ExperimentData`; `root` is a folder with a table per
            list, or one table. `batch_size` is of training, other splits are one batch.

    Raises:
        ConfigError: an option that is not known, or features that are not there.

    Source: document 2, section 3. Deviation: scalers are fitted on train only.
    """

    name = "playlists"
    reads_feature_tables = True

    def __init__(
        self,
        features: list[str],
        drop: list[str],
        files: list[str] | None,
        column: str | None,
        values: list[str] | None,
        duplicates: Literal["refuse", "first"],
        overlap: Literal["keep", "drop"],
        balance: Literal["cut", "sample", "weights"],
        n_tracks: EnoughTracks | None,
        scaling: Literal["none", "global", "row", "per_feature", "standard"],
        threshold: Literal["half", "validation", "test_midrange"],
        split: TracksSplit,
        world: LikesWorld,
        bad_rows: Literal["refuse", "drop"] = "refuse",
        **common: Any,
    ) -> None:
        super().__init__(**common)
        if threshold == "validation" and split.val_share == 0:
            raise ConfigError("dataset.threshold=validation: set dataset.split.val_share above 0")
        self.features = chosen_features(features, drop)
        self.options = ListOptions(
            *(self.features, files, column, values, duplicates, overlap, balance, n_tracks),
            bad_rows,
        )
        self.how, self.threshold = scaling, threshold
        self.split, self.group, self.world = split, split.by, world
        self.splits: dict[str, TrackSplit] = {}

    def prepare_data(self) -> None:
        """Write the simulated files, unless there are real ones or they are in the cache."""
        if self.simulated:
            self._simulated_files()

    def setup(self, stage: str | None = None) -> None:
        """Read the lists, split them and fit the scaling, once.

        Raises:
            ConfigError: the options do not say which two lists.
            DatasetNotFoundError: a file is missing.
            DataFormatError: a list holds what it must not.
        """
        if self.splits:
            return
        root = self._simulated_files() if self.root is None else self.root
        self.lists = read_lists(root, self.options, np.random.default_rng([self.seed, 0]))
        target = self.lists.tracks["target"].to_numpy()
        rng = np.random.default_rng([self.seed, 1])
        shares = {"test": self.split.test_share, "val": self.split.val_share}
        tracks = self.lists.tracks
        self.artists = artist_units(tracks["artist"], tracks["id"])  # (n_tracks,)
        if self.group == "artist":
            self._require_artists()
            self.rows = split_groups(target, self.artists, shares, rng)
        else:
            self.rows = split_rows(target, shares, rng)
        if len(set(target[self.rows["train"]])) < 2:
            raise ConfigError("dataset.split.test_share, val_share: no track is left to learn from")
        values = self._values(tracks)
        self.scaling = fit_scaling(values[self.rows["train"]], self.how)
        weight = class_weights(target, self.rows["train"])
        self.splits = {
            name: TrackSplit(self.scaling.apply(values[rows]), target[rows], weight[rows])
            for name, rows in self.rows.items()
        }
        self.fingerprint = fingerprint(tracks, self.features)
        self.dims = {"input_dim": len(self.features), "threshold": self.threshold}
        units = np.array([[unit(name)] for name in self.artists[self.rows["test"]]])
        self.task = PlaylistOwner(self._two_lists(), self.splits["test"].target, units)

    def _two_lists(self) -> TwoLists:
        lists, options = self.lists, self.options
        return TwoLists(
            tracks=lists.tracks,
            features=self.features,
            names=lists.names,
            n_read=lists.n_read,
            n_shared=lists.n_shared,
            left_out=lists.left_out,
            estimated=lists.estimated,
            artists=self.artists,
            rows=self.rows,
            inputs=self.splits["train"].x.numpy(),
            scaling=self.how,
            threshold=self.threshold,
            overlap=options.overlap,
            balance=options.balance,
            group=self.group,
        )

    def _values(self, tracks: pd.DataFrame) -> np.ndarray:
        """Return the raw features of tracks, shape (n_tracks, n_features), float64."""
        return tracks[self.features].to_numpy(dtype=np.float64)

    def overview(self) -> Overview:
        """Return what both lists hold, see `lists_overview`."""
        return lists_overview(self._two_lists(), self.task.counts(), self.seed)

    def train_dataloader(self) -> DataLoader:
        """Return the train tracks, shuffled anew each epoch."""
        return self.loader(self.splits["train"], shuffle=True)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the validation tracks as one batch; nothing where none are held out."""
        return self._whole("val") if len(self.splits["val"]) else []

    def test_dataloader(self) -> DataLoader:
        """Return the test tracks as one batch: a threshold may depend on all of them."""
        return self._whole("test")

    def state_dict(self) -> dict[str, Any]:
        """Return what was fitted on train; Lightning keeps it in every checkpoint."""
        return {"scaling": self.scaling.state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.scaling = Scaling.from_state(state_dict["scaling"])

    def read_new(self, path: Path) -> NewTracks:
        """Read tracks of a new table, CSV or JSON, with the features of the training.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: the file lacks a feature, or holds what it must not.
        """
        remedy = "the run was trained with them, train one without"
        rows = read_rows(path)
        if self.options.bad_rows == "drop":
            rows, left = drop_bad_rows(rows, self.features)
            log_left_out(left)
        tracks = read_features(path, rows, self.features, remedy)
        tracks = drop_repeats(path, tracks, self.options.duplicates)
        return NewTracks(tracks, self.scaling.apply(self._values(tracks)))

    def example(self) -> tuple[str, bytes]:
        """Return a table of a few tracks of the test, with the features of the training."""
        tracks = self._two_lists().part("test")[["id", *self.features]].head(_EXAMPLES)
        return "tracks.csv", tracks.to_csv(index=False).encode()

    def _require_artists(self) -> None:
        if not np.char.startswith(self.artists, "artist ").any():
            raise ConfigError(
                "dataset.split=artist: no track has an artist; set dataset.split=track"
            )

    def _whole(self, split: str) -> DataLoader:
        rows = list(range(len(self.splits[split])))
        return DataLoader(self.splits[split], sampler=[rows], batch_size=None)

    def _simulated_files(self) -> Path:
        world = self.world
        key = cache_key("playlists", _SIMULATION_VERSION, asdict(world))

        def write(folder: Path) -> None:
            simulated = simulated_world(
                n_users=world.users, n_artists=world.artists, n_genres=12, seed=world.seed
            )
            with small_worlds_refused():
                write_playlists(
                    simulated,
                    folder,
                    world.liked,
                    n_new=200,
                    taste=world.taste,
                    seed=world.seed,
                )

        return cached_folder(self.cache, key, write)
