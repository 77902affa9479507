"""The task "how many friendships are two users apart?", whatever file the pairs come from."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.data.base import ExperimentData, Predict
from muso_exp.data.separation import report as pair_report
from muso_exp.data.separation.drawing import DrawnPairs, PairOptions, draw_splits
from muso_exp.data.separation.listeners import Listeners, UnknownShare, keep_train_items
from muso_exp.data.separation.nulls import null_columns
from muso_exp.data.separation.sensitivity import sensitivity_sections
from muso_exp.data.separation.vectors import PairSplit, PairVectoriser, VectorOptions
from muso_exp.metrics.separation import (
    AccuracyWithin,
    ExactAccuracy,
    FriendAUC,
    MeanAbsoluteError,
    SpearmanCorrelation,
)
from muso_exp.ranges import Seed, ZeroOrMore
from muso_exp.results import Finding, Section


class PairData(ExperimentData):
    """Pairs of users, their listening, and their degree of separation (DOS) as a class.

    Attributes (after `setup`):
        listeners: all users over the train users' items.
        unknown: per category, the share of the test users' listening outside these items.
        drawn: per split, its pairs and how many were left out.
        pair_splits: per split, what makes its batches.
        vectoriser: makes vectors from listening.
    """

    listeners: Listeners
    unknown: dict[str, UnknownShare]
    drawn: dict[str, DrawnPairs]
    pair_splits: dict[str, PairSplit]
    vectoriser: PairVectoriser

    def __init__(
        self,
        root: str | None,
        cache: str,
        batch_size: ZeroOrMore,
        seed: Seed,
        num_workers: ZeroOrMore,
        categories: list[str],
        vector_options: VectorOptions,
        pair_options: PairOptions,
    ) -> None:
        super().__init__(root, cache, batch_size, seed, num_workers)
        self.categories = categories
        self.vector_options = vector_options
        self.pair_options = pair_options

    @abstractmethod
    def read(self) -> Listeners:
        """Read and check the files, set `fingerprint`, and return the users with their splits."""

    def setup(self, stage: str | None = None) -> None:
        """Read the files and make the splits, once.

        Raises:
            DatasetNotFoundError: files are missing.
            DataFormatError: a file holds what its format does not allow, or no pair is left.
        """
        if self.dims:
            return
        self.listeners, self.unknown = keep_train_items(self.read(), self.categories)
        train_users = self.listeners.splits["train"]
        train_plays = {name: plays[train_users] for name, plays in self.listeners.plays.items()}
        self.vectoriser = PairVectoriser(self.vector_options, train_plays, self.seed)
        users = self.vectoriser.users(self.listeners.plays)
        self.drawn = draw_splits(self.listeners, self.pair_options, self.seed)
        self.pair_splits = {
            name: PairSplit.of(number, drawn.pairs, drawn.dos, self.vectoriser, users)
            for number, (name, drawn) in enumerate(self.drawn.items())
        }
        self.dims = {
            "input_dim": 2 * sum(users.sizes),
            "n_classes": int(self.drawn["train"].dos.max()),
            "block_sizes": users.sizes,
        }

    def train_dataloader(self) -> DataLoader:
        """Return the train pairs, shuffled anew each epoch."""
        return self.loader(self.pair_splits["train"], shuffle=True)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the pairs among held-out train users; nothing where nobody is held out."""
        split = self.pair_splits["val"]
        return self.loader(split, shuffle=False) if len(split) else []

    def test_dataloader(self) -> DataLoader:
        """Return the test pairs, in row order."""
        return self.loader(self.pair_splits["test"], shuffle=False)

    def metrics(self) -> MetricCollection:
        """Return both near-accuracies (text and code), exact accuracy, error and the two ranks."""
        return MetricCollection(
            {
                "acc_exact": ExactAccuracy(),
                "acc_within_lt3": AccuracyWithin(3, inclusive=False),
                "acc_within_le3": AccuracyWithin(3, inclusive=True),
                "mae": MeanAbsoluteError(),
                "spearman": SpearmanCorrelation(),
                "friend_auc": FriendAUC(),
            },
            compute_groups=False,
        )

    def nulls(self) -> dict[str, dict[str, Tensor]]:
        """Return uniform and train-prior guessers, always DOS 1, and the best constants."""
        train_target = self.pair_splits["train"].target()
        n_classes = int(self.drawn["train"].dos.max())
        return null_columns(train_target, n_classes, len(self.pair_splits["test"]))

    def target(self) -> Tensor:
        """Return the class index of each test pair, DOS - 1, shape (n_rows,)."""
        return self.pair_splits["test"].target()

    def units(self) -> np.ndarray:
        """Return the two users of each test pair, shape (n_rows, 2)."""
        return self.pair_splits["test"].pairs

    def predictions(self, preds: dict[str, Tensor]) -> pd.DataFrame:
        """Return a row per test pair: user_a, user_b, dos, predicted_dos, friend_score."""
        test, users = self.pair_splits["test"], np.array(self.listeners.users, dtype=object)
        decided = torch.as_tensor(preds["strategy"]).argmax(dim=1).cpu().numpy() + 1
        return pd.DataFrame(
            {
                "user_a": users[test.pairs[:, 0]],
                "user_b": users[test.pairs[:, 1]],
                "dos": test.dos,
                "predicted_dos": decided,
                "friend_score": torch.as_tensor(preds["friend"]).cpu().double().numpy(),
            }
        )

    def audit(self) -> list[Finding]:
        """Return overlaps, unknown items, NaN vectors, labels left out and dependent rows."""
        return pair_report.audit(self)

    def counts(self) -> dict[str, int]:
        """Return users and pairs of each split, items of each category, inputs and classes."""
        return pair_report.counts(self)

    def sections(self, predictions: pd.DataFrame, predict: Predict) -> Sequence[Section]:
        """Return the DOS matrix, labels, predicted against true DOS, and what moves predictions."""
        return [*pair_report.sections(self, predictions), *sensitivity_sections(self, predict)]
