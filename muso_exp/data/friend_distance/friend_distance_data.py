"""Pairs of users and their degree of separation, whatever files they come from."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from muso_exp.data.base import BatchDataset, ExperimentData
from muso_exp.data.friend_distance.listeners import keep_train_items
from muso_exp.data.friend_distance.pair_sampling import PairOptions, draw_splits
from muso_exp.errors import CheckpointError, DataFormatError, DatasetNotFoundError
from muso_exp.formats.muso import read_listening
from muso_exp.opening import is_file
from muso_exp.records import Batch, Finding
from muso_exp.tasks.friend_distance.new_listeners import NewListeners, TrainListeners
from muso_exp.tasks.friend_distance.overview import pairs_overview
from muso_exp.tasks.friend_distance.pair_vectors import PairVectoriser, PairVectors, VectorOptions
from muso_exp.tasks.friend_distance.task import FriendDistance
from muso_exp.tasks.friend_distance.user_pairs import SplitListeners, UserPairs
from muso_exp.tasks.overview import Overview


class PairBatches(BatchDataset):
    """The pairs of one split, as batches.

    Args:
        vectors: of the pairs.
    """

    def __init__(self, vectors: PairVectors) -> None:
        self.vectors = vectors

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.vectors)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return `x` (B, input_dim) float32, `target` (B,) int64 and `row` (B,) int64."""
        return self.vectors[rows]


class FriendDistanceData(ExperimentData):
    """Pairs of users, their listening, and their degree of separation (DOS) as a class.

    Args:
        categories: of listening that a vector has: some of artist, album, track, tag.
        vectors: how listening becomes a vector.
        pairs: which pairs become rows.
        **common: see `muso_exp.data.base.ExperimentData`.

    Attributes:
        pairs: of each split; filled by `setup`.
        sources: file of each split, for messages; filled by `read`.
    """

    pairs: UserPairs
    sources: Mapping[str, Path]

    def __init__(
        self,
        categories: list[str],
        vectors: VectorOptions,
        pairs: PairOptions,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.categories = categories
        self.vector_options = vectors
        self.pair_options = pairs
        self.train_listeners: TrainListeners | None = None

    @abstractmethod
    def read(self) -> SplitListeners:
        """Read and check the files, set `fingerprint` and `sources`, and return the users."""

    @abstractmethod
    def file_findings(self) -> list[Finding]:
        """Return findings on the files themselves; `pairs` are there."""

    def setup(self, stage: str | None = None) -> None:
        """Read the files and make the splits, once.

        Raises:
            DatasetNotFoundError: files are missing.
            DataFormatError: a file holds what its format does not allow, or no pair is left.
        """
        if self.dims:
            return
        read = self.read()
        listeners, unknown = keep_train_items(read, self.categories, self.sources)
        train_users = listeners.splits["train"]
        train_plays = {name: plays[train_users] for name, plays in listeners.plays.items()}
        vectoriser = PairVectoriser(self.vector_options, train_plays, self.seed)
        users = vectoriser.users(listeners.plays)
        drawn = draw_splits(listeners, self.pair_options, self.seed, self.sources)
        vectors = {
            name: PairVectors.of(number, own.pairs, own.dos, vectoriser, users)
            for number, (name, own) in enumerate(drawn.items())
        }
        orders = 2 if self.pair_options.test_pairs == "ordered" else 1
        sampling = self.pair_options.sampling
        self.pairs = UserPairs(listeners, unknown, drawn, vectors, sampling, orders, self.seed)
        self.dims = {
            "input_dim": 2 * sum(users.sizes),
            "n_classes": self.pairs.n_classes,
            "block_sizes": users.sizes,
        }
        names = [listeners.users[user] for user in train_users]
        self.train_listeners = TrainListeners(names, train_plays, listeners.items)
        self.task = FriendDistance(self.pairs, self.file_findings())

    def overview(self) -> Overview:
        """Return what users and pairs hold, see `pairs_overview`."""
        return pairs_overview(self.pairs, self.task.counts(), self.file_findings(), self.seed)

    def train_dataloader(self) -> DataLoader:
        """Return the train pairs, shuffled anew each epoch."""
        return self._batches("train", shuffle=True)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the pairs among held-out train users; nothing where none are held out."""
        return self._batches("val", shuffle=False) if len(self.pairs.vectors["val"]) else []

    def test_dataloader(self) -> DataLoader:
        """Return the test pairs, in row order."""
        return self._batches("test", shuffle=False)

    def state_dict(self) -> dict[str, Any]:
        """Return the train users and what they play; Lightning keeps it in every checkpoint."""
        return {} if self.train_listeners is None else self.train_listeners.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave; runs of earlier versions kept nothing."""
        self.train_listeners = TrainListeners.from_state(state_dict) if state_dict else None

    def read_new(self, path: Path) -> NewListeners:
        """Read the listening of new users, a pair or more, or one: JSON as `*_listening.json`.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: the file breaks its format, or a user plays nothing that the run knows.
            CheckpointError: the run keeps no users, for it is of an earlier version.
        """
        train = self.train_listeners
        if train is None:
            raise CheckpointError("this run keeps no listening of its train users; train it anew")
        if not is_file(path):
            fix = "give a listening JSON: {user: {top_artists: {name: plays}, ...}}"
            raise DatasetNotFoundError(path.parent, [path.name], fix)
        counts = read_listening(path, list(train.items))
        plays = train.rows(list(counts.values()))
        for row, user in enumerate(counts):
            if not any(rows[row].nnz for rows in plays.values()):
                problem = f"user {user!r} plays nothing that the run knows"
                raise DataFormatError(path, problem, fix="names must be written as in its data")
        vectoriser = PairVectoriser(self.vector_options, train.plays, self.seed)
        return NewListeners(train, list(counts), plays, vectoriser)

    def _batches(self, split: str, shuffle: bool) -> DataLoader:
        return self.loader(PairBatches(self.pairs.vectors[split]), shuffle)
