"""Pairs of users and their degree of separation, whatever files they come from."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from muso_exp.data.base import BatchDataset, ExperimentData
from muso_exp.data.friend_distance.listeners import keep_train_items
from muso_exp.data.friend_distance.pair_sampling import PairOptions, draw_splits
from muso_exp.records import Batch, Finding
from muso_exp.tasks.friend_distance.pair_vectors import PairVectoriser, PairVectors, VectorOptions
from muso_exp.tasks.friend_distance.task import FriendDistance
from muso_exp.tasks.friend_distance.user_pairs import SplitListeners, UserPairs


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
        self.task = FriendDistance(self.pairs, self.file_findings())

    def train_dataloader(self) -> DataLoader:
        """Return the train pairs, shuffled anew each epoch."""
        return self._batches("train", shuffle=True)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the pairs among held-out train users; nothing where none are held out."""
        return self._batches("val", shuffle=False) if len(self.pairs.vectors["val"]) else []

    def test_dataloader(self) -> DataLoader:
        """Return the test pairs, in row order."""
        return self._batches("test", shuffle=False)

    def _batches(self, split: str, shuffle: bool) -> DataLoader:
        return self.loader(PairBatches(self.pairs.vectors[split]), shuffle)
