"""The dev loss of document 4's baseline net, which predicts rows of co-occurrence counts."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.metrics.challenge import CooccurrenceError
from muso_exp.models.abilities import PredictsCooccurrence, ask
from muso_exp.records import Columns
from muso_exp.tasks.base import ExtraTask, NotAnsweredError


class CooccurrenceLoss(ExtraTask):
    """Squared error of the rows of songs that the net held out; songs are the independent unit.

    The songs are the model's own choice: `target`, `units` and the null model are filled by `ask`.
    """

    def __init__(self) -> None:
        self.mean_row: Tensor = torch.zeros(0)

    def metrics(self) -> MetricCollection:
        """Return the mean squared error."""
        return MetricCollection({"cooccurrence_mse": CooccurrenceError()}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the errors of the train songs' mean row."""
        return {"mean_row": {"squared_error": self.mean_row}}

    def ask(self, model: Any) -> Columns:
        """Return the squared error of each held-out song's row, shape (n_songs,).

        Raises:
            NotAnsweredError: the model predicts no such rows, or held no song out.
        """
        if not isinstance(model, PredictsCooccurrence):
            raise NotAnsweredError("this model predicts no rows of co-occurrences")
        error = ask(model.dev_error)
        if len(error.songs) == 0:
            raise NotAnsweredError("the model held out no songs")
        self.target, self.units = error.songs, error.songs.numpy()[:, None]
        self.mean_row = error.mean_row
        return {"squared_error": error.squared_error}
