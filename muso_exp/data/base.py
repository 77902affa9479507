"""The base of every data set: files in, splits and batches out, a task that judges the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.ranges import Seed, ZeroOrMore
from muso_exp.records import Batch, Columns, Finding, Section
from muso_exp.tasks.base import Answer, ExtraTask, NotAnsweredError, Task

Predict = Callable[[Batch], dict[str, Tensor]]


class NewInput(Protocol):
    """Checked new input of a trained model, for `python -m muso_exp predict`."""

    def apply(self, model: Any) -> pd.DataFrame:
        """Return a row per item of the input."""


class ExperimentData(pl.LightningDataModule):
    """A LightningDataModule that reads files, splits, makes batches, and names its task.

    Constructor arguments of every data set: `root` (a folder of real files in the published
    format; None means the simulated world, read by the same reader), `cache` (folder for prepared
    files), `batch_size` (0 means all rows at once, for solvers) and `seed`.

    Attributes:
        name: as in conf/dataset; with the source where there are several.
        published_fingerprint: the fingerprint of the very data that the paper used, or "".
        dims: what a model's constructor may name (sizes, the decision rule); filled by `setup`.
        fingerprint: hash of the content, not of file names or user handles; filled by `setup`.
        task: what is asked of a model; filled by `setup`.
    """

    name: str
    published_fingerprint: str = ""
    task: Task

    def __init__(
        self,
        root: str | None,
        cache: str,
        batch_size: ZeroOrMore,
        seed: Seed,
        num_workers: ZeroOrMore = 0,
    ) -> None:
        super().__init__()
        self.root = None if root is None else Path(root)
        self.cache = Path(cache)
        self.batch_size = batch_size
        self.seed = seed
        self.num_workers = num_workers
        self.dims: dict[str, int | str | list[int]] = {}
        self.fingerprint = ""

    @property
    def simulated(self) -> bool:
        """Whether the data come from the simulated world."""
        return self.root is None

    @property
    def published(self) -> bool:
        """Whether these are the very data of the paper, by content."""
        return bool(self.fingerprint) and self.fingerprint == self.published_fingerprint

    def read_new(self, path: Path) -> NewInput:
        """Read and check new input of a trained model, for `python -m muso_exp predict`.

        A data set that can be applied reads `path` as its own files, and gives what was fitted on
        train to the checkpoint by `state_dict` and takes it back by `load_state_dict`; no file of
        the training is there any more.

        Args:
            path: new input.
        """
        raise ConfigError(f"a run on the data set {self.name} cannot be applied to new input")

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
        """Return a loader that asks `dataset` for whole batches, without per-row collation."""
        size = self.batch_size or max(len(dataset), 1)
        order = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
        batches = BatchSampler(order, batch_size=size, drop_last=False)
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


# Transition: data sets whose task half is not yet a `Task` of its own.


@dataclass(frozen=True)
class SideTask:
    """A second test of the trained model, as data sets that are their own task return it."""

    metrics: MetricCollection
    columns: Mapping[str, Tensor]
    target: Tensor
    units: np.ndarray
    nulls: Mapping[str, Columns]


class OwnTask(ExperimentData):
    """A data set that is its own task; `task` shows it as one."""

    @property
    def task(self) -> Task:  # type: ignore[override]
        """Return the task half of this data set."""
        return _Facade(self)

    def side_metrics(self) -> list[str]:
        """See `ExperimentData` as it was."""
        return []

    def absent(self) -> dict[str, str]:
        """See `ExperimentData` as it was."""
        return {}

    def side_task(self, predict: Predict) -> SideTask | None:
        """See `ExperimentData` as it was."""
        return None

    def sections(self, predictions: pd.DataFrame, predict: Predict) -> Sequence[Section]:
        """See `ExperimentData` as it was."""
        return []

    def apply(self, path: Path, predict: Predict) -> pd.DataFrame:
        """See `ExperimentData` as it was."""
        raise ConfigError(f"a run on the data set {self.name} cannot be applied to new input")

    def read_new(self, path: Path) -> NewInput:
        """See `ExperimentData` as it was."""
        return _FacadeInput(self, path)


@dataclass
class _FacadeInput:
    data: Any
    path: Path

    def apply(self, model: Any) -> pd.DataFrame:
        """See `ExperimentData` as it was."""
        return self.data.apply(self.path, model.columns)


class _FacadeExtra(ExtraTask):
    def __init__(self, data: Any) -> None:
        self.data = data
        self.side: SideTask | None = None

    def metrics(self) -> MetricCollection:
        if self.side is not None:
            return self.side.metrics
        return dict.fromkeys(self.data.side_metrics())  # type: ignore[return-value]

    def nulls(self) -> Mapping[str, Columns]:
        """See `ExperimentData` as it was."""
        return self.side.nulls  # type: ignore[union-attr]

    def ask(self, model: Any) -> Columns:
        self.side = self.data.side_task(model.columns)
        if self.side is None:
            raise NotAnsweredError(next(iter(self.data.absent().values()), ""))
        self.target, self.units = self.side.target, self.side.units
        return dict(self.side.columns)


class _Facade(Task):
    def __init__(self, data: Any) -> None:
        self.data, self.target, self.units = data, data.target(), data.units()
        self.extra = [_FacadeExtra(data)]

    def metrics(self) -> MetricCollection:
        """See `ExperimentData` as it was."""
        return self.data.metrics()

    def nulls(self) -> Mapping[str, Columns]:
        """See `ExperimentData` as it was."""
        return self.data.nulls()

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """See `ExperimentData` as it was."""
        return self.data.predictions(columns)

    def audit(self, answer: Answer) -> list[Finding]:
        """See `ExperimentData` as it was."""
        return self.data.audit()

    def counts(self) -> dict[str, int]:
        """See `ExperimentData` as it was."""
        return self.data.counts()

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """See `ExperimentData` as it was."""
        return self.data.sections(table, answer.model.columns)
