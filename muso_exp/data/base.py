"""The base of every data set: files in, splits and batches out, a task that judges the answers."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pytorch_lightning as pl
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, SequentialSampler

from muso_exp.data.shares import shuffled
from muso_exp.errors import ConfigError
from muso_exp.memory import usable_cores
from muso_exp.options import Inert, Seed, ZeroOrMore
from muso_exp.records import Batch
from muso_exp.tasks.base import Task
from muso_exp.tasks.overview import Overview


class NewInput(Protocol):
    """Checked new input of a trained model, for `python -m muso_exp predict`."""

    def apply(self, model: Any) -> pd.DataFrame:
        """Return a row per item of the input."""


class ExperimentData(pl.LightningDataModule):
    """A LightningDataModule that reads files, splits, makes batches, and names its task.

    Constructor arguments of every data set: `root` (a folder of real files in the published
    format; None means the simulated world, read by the same reader), `cache` (folder for prepared
    files), `batch_size` (0 means all rows at once, for solvers), `seed` (of the split and of the
    batches), `num_workers` (processes that make batches; None: all cores but one) and `published`
    (the user's word that these are the files of the paper, where no known fingerprint says so; it
    changes no result, but lets a claim be tested).

    Attributes:
        name: as in conf/dataset; with the source where there are several.
        reads_feature_tables: whether new input is a table of tracks with audio features.
        published_fingerprint: the fingerprint of the data that the paper used, or "".
        stated: whether it is the user who says that these are the paper's own data.
        dims: what a model's constructor may name (sizes, the decision rule); filled by `setup`.
        fingerprint: hash of the content, not of file names or user handles; filled by `setup`.
        task: what is asked of a model; filled by `setup`.
    """

    name: str
    reads_feature_tables: bool = False
    published_fingerprint: str = ""
    task: Task

    def __init__(
        self,
        root: Inert[str | None],
        cache: Inert[str],
        batch_size: ZeroOrMore,
        seed: Seed,
        num_workers: Inert[ZeroOrMore | None] = 0,
        published: bool = False,
    ) -> None:
        super().__init__()
        if published and root is None:
            raise ConfigError(
                "dataset.published=true: said of the simulated world; set dataset.root to the "
                "published files"
            )
        self.stated = published
        self.root = None if root is None else Path(root)
        self.cache = Path(cache)
        self.batch_size = batch_size
        self.seed = seed
        self.num_workers = usable_cores() - 1 if num_workers is None else num_workers
        self.dims: dict[str, int | str | list[int] | list[str]] = {}
        self.fingerprint = ""

    @abstractmethod
    def setup(self, stage: str | None = None) -> None:
        """Read and split the files, once; set `dims`, `fingerprint` and `task`."""
        raise TypeError(f"{type(self).__name__} does not implement setup")

    @abstractmethod
    def train_dataloader(self) -> DataLoader:
        """Return the batches to train on."""
        raise TypeError(f"{type(self).__name__} does not implement train_dataloader")

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the batches to choose a model by; here there are none."""
        return []

    @abstractmethod
    def test_dataloader(self) -> DataLoader:
        """Return the batches of the test rows, in the order of the task."""
        raise TypeError(f"{type(self).__name__} does not implement test_dataloader")

    @property
    def simulated(self) -> bool:
        """Whether the data come from the simulated world."""
        return self.root is None

    @property
    def published(self) -> bool:
        """Whether these are the paper's own data, by content or by the user's word."""
        known = bool(self.fingerprint) and self.fingerprint == self.published_fingerprint
        return known or self.stated

    def overview(self) -> Overview:
        """Return what the data hold, for `python -m muso_exp explore`; `setup` was called.

        A data set of one's own has its counts; it shows more by a method of this name.
        """
        return Overview(self.task.counts(), [])

    def read_new(self, path: Path) -> NewInput:
        """Read and check new input of a trained model, for `python -m muso_exp predict`.

        A data set that can be applied reads `path` as its own files (one that takes several files
        has `*paths` instead), and gives what was fitted on
        train to the checkpoint by `state_dict` and takes it back by `load_state_dict`; no file of
        the training is there any more.

        Args:
            path: new input.
        """
        raise ConfigError(f"a run on the data set {self.name} cannot be applied to new input")

    def example(self) -> tuple[str, bytes] | None:
        """Return name and content of a file that `read_new` reads, for those who ask a served run.

        None where none is known; `setup` was called.
        """
        return None

    def transfer_batch_to_device(
        self, batch: Batch, device: torch.device, dataloader_idx: int
    ) -> Batch:
        """Move a batch: what Lightning does too, after a search for tensors in anything."""
        wait_not = device.type == "cuda"
        return {name: value.to(device, non_blocking=wait_not) for name, value in batch.items()}

    def epoch(self) -> int:
        """Return the epoch of the training, 0 outside one."""
        return 0 if self.trainer is None else self.trainer.current_epoch

    def loader(self, dataset: BatchDataset, shuffle: bool) -> DataLoader:
        """Return a loader that asks `dataset` for whole batches, without per-row collation.

        Args:
            dataset: its rows.
            shuffle: of a training; each of several processes then gets its share of the batches.
        """
        size = self.batch_size or max(len(dataset), 1)
        if shuffle:
            batches = shuffled(dataset, size, self.seed)
        else:
            batches = BatchSampler(SequentialSampler(dataset), batch_size=size, drop_last=False)
        return DataLoader(dataset, sampler=batches, batch_size=None, num_workers=self.num_workers)


class BatchDataset(Dataset):
    """A map-style data set that is indexed by a list of rows and returns a whole batch.

    A batch is a dict of tensors with first dimension the batch: `x`, `target`, and `row`, the
    number of the row in its split.
    """

    def __len__(self) -> int:
        """Return the number of rows."""
        raise TypeError(f"{type(self).__name__} does not implement __len__")

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the batch of these rows."""
        raise TypeError(f"{type(self).__name__} does not implement __getitem__")
