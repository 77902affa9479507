"""The contract of every task: what is asked of a model, and how its answer is judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.errors import MusoError
from muso_exp.metrics.drawn_items import DrawnItems
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.records import Columns, Finding, Section


class NotAnsweredError(MusoError):
    """A model, or the data, cannot answer a further test; the message is the reason on the card."""


@dataclass(frozen=True)
class Answer:
    """What a trained model says of the test rows of a task.

    Attributes:
        model: the trained model, its best weights loaded.
        columns: its prediction columns, first dimension n_rows, in row order.
        bootstrap: makes every interval of the report from the run's number of resamples.
    """

    model: Any
    columns: Columns
    bootstrap: Bootstrap


class ScoredRows(ABC):
    """Test rows with their truth, metrics and null models. Holds arrays, knows no files.

    Attributes:
        target: true values of the test rows, first dimension n_rows, in row order.
        units: independent units of each row (users, artists; never rows of one user), shape
            (n_rows,) or (n_rows, units_per_row).
    """

    target: Tensor
    units: np.ndarray

    @abstractmethod
    def metrics(self) -> MetricCollection:
        """Return the metrics (`muso_exp.metrics.base.WeightedMetric`), by name."""

    @abstractmethod
    def nulls(self) -> Mapping[str, Columns]:
        """Return the prediction columns of each null model, in row order.

        They are the strongest simple rules one can think of.
        """

    def drawn_items(self, n_resamples: int) -> DrawnItems | None:
        """Return the items that intervals draw besides the units; None where rows suffice.

        Args:
            n_resamples: number of bootstrap samples.
        """
        return None

    @cached_property
    def null_columns(self) -> Mapping[str, Columns]:
        """What `nulls` returns, made once."""
        return self.nulls()


class ExtraTask(ScoredRows):
    """A further test of the same model, on rows of another kind: the tags of its item factors.

    The names of its metrics are known before training, whether or not the model can answer.
    """

    @abstractmethod
    def ask(self, model: Any) -> Columns:
        """Return the model's prediction columns, in row order.

        Raises:
            NotAnsweredError: the model lacks the ability, or the data the rows.
        """

    def sections(self, answer: Answer) -> Iterable[Section]:
        """Return the test's own figures and tables of the report; they follow those of the task.

        Args:
            answer: its columns are what `ask` returned.
        """
        return ()


class Task(ScoredRows):
    """What a data set asks of a model, and how the answer is judged and reported.

    Attributes:
        extra: further tests of the same model.
        keys: columns of `predictions` that name a test row; rows of equal keys are alike.
        new_users: whether a model is asked about users who are in no training.
    """

    extra: Sequence[ExtraTask] = ()
    keys: Sequence[str] = ("id",)
    new_users: bool = False

    @abstractmethod
    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test item that names it and suffices to recompute every metric."""

    def answered(self, table: pd.DataFrame) -> Columns:
        """Return the prediction columns that a table of `predictions` holds.

        It is the inverse of that method, for predictions that were made elsewhere. Here of a
        table that holds the columns themselves, of several numbers a row as a list.

        Args:
            table: a row per test row, in row order.

        Raises:
            NotAnsweredError: a column is missing, or of another shape.
        """
        first = next(iter(self.null_columns.values()))
        return {name: column_of(table, name, like) for name, like in first.items()}

    @abstractmethod
    def audit(self, answer: Answer) -> list[Finding]:
        """Return what a careful reader would want to know about the data and the split."""

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Return how many users, items, train and test rows there are."""

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return the task's own figures and tables of the report.

        Args:
            table: what `predictions` returned for the trained model.
            answer: of the trained model.
        """
        return ()


def column_of(table: pd.DataFrame, name: str, like: Tensor) -> Tensor:
    """Return a column of a table as prediction column.

    Args:
        table: a row per test row.
        name: of the column.
        like: a column of the same kind, of any rows.

    Raises:
        NotAnsweredError: it is missing, or of another shape.
    """
    if name not in table:
        raise NotAnsweredError(f"no column {name!r}; needed as predictions.parquet has it")
    shape = (len(table), *like.shape[1:])
    try:
        cells = np.array([np.asarray(cell, dtype=np.float64) for cell in table[name]])
        values = torch.from_numpy(cells.reshape(shape))
    except (TypeError, ValueError) as error:
        wanted = " x ".join(map(str, shape[1:])) or "one"
        raise NotAnsweredError(f"column {name!r}: {wanted} numbers a row are needed") from error
    return values.to(like.dtype)
