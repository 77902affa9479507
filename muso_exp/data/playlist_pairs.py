"""Many lists of tracks with audio features: how well is each pair of them separated?"""

import hashlib
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from msgspec import Meta
from msgspec.structs import asdict
from torch.utils.data import DataLoader

from muso_exp.cache import cache_key, cached_folder
from muso_exp.data.base import BatchDataset, ExperimentData
from muso_exp.errors import ConfigError
from muso_exp.features.artists import artist_units
from muso_exp.features.separability import artist_cosine, separability, shared_share
from muso_exp.formats.feature_columns import chosen_features
from muso_exp.formats.many_lists import ManyLists, read_many_lists
from muso_exp.formats.track_lists import LEAST_TRACKS
from muso_exp.options import MAX_COUNT, Count, Options, Seed, SomeShare, TwoOrMore, UpToOne
from muso_exp.records import Batch
from muso_exp.simulation.checked import simulated_world, small_worlds_refused
from muso_exp.simulation.playlists import write_many_likes
from muso_exp.tasks.overview import Overview
from muso_exp.tasks.playlist_pairs.list_pairs import ListPairs
from muso_exp.tasks.playlist_pairs.overview import pairs_overview
from muso_exp.tasks.playlist_pairs.task import PlaylistPairs

_SIMULATION_VERSION = 1
LEAST_LISTS = 4  # of train and of test: an interval over three lists has one value
INPUTS = ("artist_cosine", "shared_tracks")
EnoughTracks = Annotated[int, Meta(ge=LEAST_TRACKS, le=MAX_COUNT)]


class ManyLikesWorld(Options, frozen=True, kw_only=True):
    """A simulated world with many users' likes.

    Attributes:
        users: how many.
        artists: how many.
        lists: users whose likes are written, the busiest first.
        liked: tracks that each likes, at most.
        taste: share of a feature's variance that follows from taste.
        seed: of all draws.
    """

    users: Count
    artists: Count
    lists: Count
    liked: Count
    taste: UpToOne
    seed: Seed


class PairRows(BatchDataset):
    """Pairs of lists; a batch holds `x` (B, 2), `target` (B, 1), their AUC, and `row` (B,).

    Args:
        x: how alike the lists of each pair are, shape (n_rows, 2).
        target: their separability, shape (n_rows,).
    """

    def __init__(self, x: np.ndarray, target: np.ndarray) -> None:
        self.x = torch.from_numpy(x.astype(np.float32))
        self.target = torch.from_numpy(target.astype(np.float32))[:, None]

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.x)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the batch of these rows."""
        index = torch.tensor(rows)
        return {"x": self.x[index], "target": self.target[index], "row": index}


class ListsOfTracks(ExperimentData):
    """All pairs of lists in a file: how alike they are, and how well they are separated.

    Lists are split, not pairs: no test pair has a list of a train pair.

    Args:
        features: audio features by which lists are separated.
        drop: features to leave out of these.
        files: tables below the root; None takes all.
        column: column of the tables whose values name the lists; None: a table is a list.
        min_tracks: lists of fewer tracks are left out, and counted.
        n_lists: most lists, drawn from those that are long enough.
        n_tracks: most tracks of each list, drawn.
        folds: of the classifier of each pair.
        test_share: share of the lists that is tested on.
        world: the simulated world with many users' likes, where no root is given.
        bad_rows: a row with a feature that is none is `refuse`d, or `drop`ped and counted.
        **common: see `muso_exp.data.base.ExperimentData`.

    Raises:
        ConfigError: an option that is not known, or features that are not there.

    Source: document 2, section 7: two users "who happened to listen to very similar music", then
    two "whose music tastes appeared to be very different". The measures are ours.
    """

    name = "playlist_pairs"
    task: PlaylistPairs

    def __init__(
        self,
        features: list[str],
        drop: list[str],
        files: list[str] | None,
        column: str | None,
        min_tracks: EnoughTracks,
        n_lists: Count,
        n_tracks: EnoughTracks,
        folds: TwoOrMore,
        test_share: SomeShare,
        world: ManyLikesWorld,
        bad_rows: Literal["refuse", "drop"],
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.features = chosen_features(features, drop)
        self.files, self.column, self.bad_rows = files, column, bad_rows
        self.min_tracks, self.n_lists, self.n_tracks = min_tracks, n_lists, n_tracks
        self.folds, self.test_share, self.world = folds, test_share, world
        self.splits: dict[str, PairRows] = {}

    def prepare_data(self) -> None:
        """Write the simulated files, unless there are real ones or they are in the cache."""
        if self.simulated:
            self._simulated_files()

    def setup(self, stage: str | None = None) -> None:
        """Read the lists, separate each pair of them, and split, once.

        Raises:
            ConfigError: too few lists are long enough.
            DatasetNotFoundError: a file is missing.
            DataFormatError: a list holds what it must not.
        """
        if self.splits:
            return
        root = self._simulated_files() if self.root is None else self.root
        column = "user" if self.root is None else self.column
        read = read_many_lists(root, self.files, column, self.features, self.bad_rows == "drop")
        rng = np.random.default_rng([self.seed, 0])
        names = self._chosen(read, rng)
        lists = [self._drawn(read.tracks[name], rng) for name in names]
        table, numbers = self._compare(names, lists)
        n_test = min(
            max(round(len(names) * self.test_share), LEAST_LISTS), len(names) - LEAST_LISTS
        )
        tested = np.zeros(len(names), bool)
        tested[rng.permutation(len(names))[:n_test]] = True
        sides = tested[numbers]  # (n_pairs, 2)
        rows = {
            "train": np.flatnonzero(~sides.any(axis=1)),
            "test": np.flatnonzero(sides.all(axis=1)),
        }
        inputs = table[list(INPUTS)].to_numpy()
        target = table["separability"].to_numpy()
        self.splits = {name: PairRows(inputs[own], target[own]) for name, own in rows.items()}
        self.fingerprint = _fingerprint(lists, self.features)
        self.dims = {"n_inputs": len(INPUTS), "n_outputs": 1}
        self.task = PlaylistPairs(
            ListPairs(
                table=table,
                lists=numbers,
                rows=rows,
                n_read=len(read.tracks),
                too_short=sum(len(t) < self.min_tracks for t in read.tracks.values()),
                names_artists=any((part["artist"] != "").any() for part in lists),
                left_out=read.left_out,
                estimated={name: read.estimated[name] for name in names},
            )
        )

    def overview(self) -> Overview:
        """Return what the lists hold, see `pairs_overview`."""
        return pairs_overview(self.task.pairs, self.task.counts(), self.seed)

    def train_dataloader(self) -> DataLoader:
        """Return the pairs of train lists."""
        return self.loader(self.splits["train"], shuffle=True)

    def test_dataloader(self) -> DataLoader:
        """Return the pairs of test lists."""
        return self.loader(self.splits["test"], shuffle=False)

    def _chosen(self, read: ManyLists, rng: np.random.Generator) -> list[str]:
        """Return the names of the lists to compare, drawn from those that are long enough."""
        enough = [name for name, part in read.tracks.items() if len(part) >= self.min_tracks]
        if len(enough) < 2 * LEAST_LISTS:
            raise ConfigError(
                f"{2 * LEAST_LISTS} lists of {self.min_tracks} tracks or more are needed, "
                f"{len(enough)} of {len(read.tracks)} are; set dataset.min_tracks lower, or "
                "dataset.column to the column that names the lists"
            )
        if self.n_lists < 2 * LEAST_LISTS:
            raise ConfigError(f"dataset.n_lists must be {2 * LEAST_LISTS} or more")
        drawn = np.sort(rng.permutation(len(enough))[: self.n_lists])
        return [enough[number] for number in drawn]

    def _drawn(self, tracks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return tracks.iloc[np.sort(rng.permutation(len(tracks))[: self.n_tracks])]

    def _compare(
        self, names: list[str], lists: list[pd.DataFrame]
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Return a row per pair of lists, see `ListPairs`, and their numbers (n_pairs, 2)."""
        every = pd.concat(lists)[self.features].to_numpy()
        spread = every.std(axis=0)
        spread[spread == 0] = 1
        artists = [artist_units(part["artist"], part["id"]) for part in lists]
        numbers = np.array(list(combinations(range(len(lists)), 2)))
        rows = []
        for a, b in numbers:
            one, other = (lists[n][self.features].to_numpy() for n in (a, b))
            ids, others = lists[a]["id"].to_numpy(), lists[b]["id"].to_numpy()
            own, their = ~np.isin(ids, others), ~np.isin(others, ids)
            apart = np.concatenate([artists[a][own], artists[b][their]])
            enough = min(own.sum(), their.sum()) >= self.folds
            rows.append(
                {
                    "first": names[a],
                    "second": names[b],
                    "n_first": len(ids),
                    "n_second": len(others),
                    "artist_cosine": artist_cosine(artists[a], artists[b]),
                    "shared_tracks": shared_share(ids, others),
                    "feature_distance": float(
                        np.linalg.norm((one.mean(axis=0) - other.mean(axis=0)) / spread)
                    ),
                    "separability": separability(
                        one[own], other[their], apart, self.folds, self.seed
                    )
                    if enough
                    else 0.5,  # the lists are nearly the same one
                }
            )
        return pd.DataFrame(rows), numbers

    def _simulated_files(self) -> Path:
        world = self.world
        key = cache_key("playlist_pairs", _SIMULATION_VERSION, asdict(world))

        def write(folder: Path) -> None:
            simulated = simulated_world(
                n_users=world.users, n_artists=world.artists, n_genres=12, seed=world.seed
            )
            with small_worlds_refused():
                write_many_likes(
                    simulated, folder, world.lists, world.liked, world.taste, world.seed
                )

        return cached_folder(self.cache, key, write)


def _fingerprint(lists: list[pd.DataFrame], features: list[str]) -> str:
    """Return the hash of ids and features, whatever files and lists are called."""
    digest = hashlib.sha256()
    for part in lists:
        digest.update("\n".join(part["id"]).encode())
        digest.update(part[features].to_numpy(dtype="<f8").tobytes())
    return digest.hexdigest()
