"""The data of the MuSo document: two chains of Last.fm friends with six months of listening."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from msgspec.structs import asdict
from scipy.linalg import block_diag

from muso_exp.cache import cache_key, cached_folder
from muso_exp.data.friend_distance.friend_distance_data import FriendDistanceData
from muso_exp.data.friend_distance.listeners import SPLITS, hold_out
from muso_exp.errors import ConfigError
from muso_exp.features.graph import metric_closure
from muso_exp.formats.muso import (
    WANTED,
    MusoUsers,
    content_hash,
    read_users,
    to_matrices,
)
from muso_exp.formats.muso_chains import chain_files, chain_labels
from muso_exp.formats.text import find_files
from muso_exp.options import Count, Share
from muso_exp.records import Finding
from muso_exp.simulation.checked import WorldOptions, small_worlds_refused
from muso_exp.simulation.muso import write_muso
from muso_exp.tasks.friend_distance.audit import shortest_path_finding, triangle_finding
from muso_exp.tasks.friend_distance.user_pairs import SplitListeners

WORLD_VERSION = 1  # raise when simulation.muso writes other files for the same arguments


class ChainWorld(WorldOptions, frozen=True, kw_only=True):
    """A simulated world with a chain of friends.

    Attributes:
        train: users of the chain to train on.
        test: users of the chain to test on.
    """

    train: Count
    test: Count


class MuSo(FriendDistanceData):
    """Pairs of users of a friend chain, labelled by their degree of separation.

    Citation: H. Craig, "MuSo (Music Social)", 2024. Licence: none stated; the content comes from
    the Last.fm API, non-commercial use. Format: `{train,test}_listening.json`, an object
    `{user: {top_artists|top_albums|top_tracks|top_tags: {item: plays}}}`, and
    `{train,test}_dos.csv`, a symmetric matrix with users as header and index; the author's own
    names, and .gz, are read too. Optional: `{train,test}_chain.csv` (position,user) and
    `{train,test}_friends.csv` (user,friend) over all users of the chain.

    Args:
        label: `given` (the matrix as it stands), `closure` (the largest metric below it),
            `dilation` or `bfs` (made again from chain and friends).
        val_users: share of the train users held out for validation, with all their pairs.
        world: the simulated chain, where no root is given.
        **pairs: see `muso_exp.data.friend_distance.friend_distance_data.FriendDistanceData`.
    """

    name = "muso"
    published_fingerprint = "cc03ee7b736848857a787236916810f918708b58b3c92d0640a8ed9978e35f12"

    def __init__(
        self,
        label: Literal["given", "closure", "dilation", "bfs"],
        val_users: Share,
        world: ChainWorld,
        **pairs: Any,
    ) -> None:
        super().__init__(**pairs)
        self.label, self.val_users, self.world = label, val_users, world

    def prepare_data(self) -> None:
        """Check that the files are there, or simulate them once.

        Raises:
            DatasetNotFoundError: the root or a file in it is missing.
        """
        self._find()

    def read(self) -> SplitListeners:
        """Read and check the files, set `fingerprint` and `sources`, and return the users."""
        files = self._find()
        train, test = (
            read_users(files[f"{split}_listening"], files[f"{split}_dos"])
            for split in ("train", "test")
        )
        self.fingerprint = content_hash([train, test])
        self._given = {"train": train, "test": test}
        labels = [self._labels(split) + 1 for split in ("train", "test")]
        distances = block_diag(*labels) - 1  # no distance is known between train and test users
        plays, items = to_matrices([*train.counts, *test.counts])
        n_train, n_all = len(train.users), len(train.users) + len(test.users)
        held = hold_out(np.arange(n_train), self.val_users, self.seed, "val_users")
        self.sources = {s: files[f"{'test' if s == 'test' else 'train'}_listening"] for s in SPLITS}
        return SplitListeners(
            users=[*train.users, *test.users],
            plays=plays,
            items=items,
            distances=distances.astype(np.int16),
            splits={"train": held["kept"], "val": held["held"], "test": np.arange(n_train, n_all)},
        )

    def file_findings(self) -> list[Finding]:
        """Return how far the labels are from a metric, and from shortest paths."""
        train = self.pairs.listeners.splits["train"]
        distances = self.pairs.listeners.distances[np.ix_(train, train)]
        return [triangle_finding(distances), *self._shortest_paths()]

    def _find(self) -> dict[str, Path]:
        fix = (
            "put the document's four files there (README: dataset muso), or set dataset.root=null "
            "for the simulated world"
        )
        return find_files(self._folder(), WANTED, fix)

    def _folder(self) -> Path:
        if self.root is not None:
            return self.root
        key = cache_key("muso", WORLD_VERSION, asdict(self.world))
        return cached_folder(self.cache, key, self._simulate)

    def _simulate(self, folder: Path) -> None:
        world = self.world
        with small_worlds_refused():
            write_muso(
                world.simulate(), folder, seed=world.seed, n_train=world.train, n_test=world.test
            )

    def _labels(self, split: str) -> np.ndarray:
        """Return the degrees of separation of a split under the chosen label, (n_users, n_users).

        Raises:
            ConfigError: a label from the chain is asked for where no chain is at hand.
        """
        given: MusoUsers = self._given[split]
        if self.label == "given":
            return given.distances
        if self.label == "closure":
            return metric_closure(given.distances).astype(np.int64)
        files = chain_files(self._folder(), split)
        if files is None:
            raise ConfigError(
                f"dataset.label={self.label}: needs {split}_chain.csv and {split}_friends.csv in "
                f"{self._folder()}; choose given or closure"
            )
        return chain_labels(files, given.users, self.label)

    def _shortest_paths(self) -> list[Finding]:
        """Compare labels with shortest paths where the chain and its friendships are at hand."""
        files = chain_files(self._folder(), "train")
        if files is None:
            return []
        shortest = chain_labels(files, self._given["train"].users, "bfs")
        return [shortest_path_finding(self._labels("train"), shortest)]
