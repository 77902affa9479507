"""The dev loss of document 4's baseline net, which predicts rows of co-occurrence counts."""

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torchmetrics import MetricCollection

from muso_exp.metrics.challenge import CooccurrenceError
from muso_exp.models.abilities import ask
from muso_exp.models.shown_abilities import PredictsCooccurrence
from muso_exp.records import Columns
from muso_exp.tasks.base import ExtraTask, NotAnsweredError
from muso_exp.tasks.continuation.baselines import null_errors


class CooccurrenceLoss(ExtraTask):
    """Squared error of the rows of songs that the net held out; songs are the independent unit.

    The songs are the model's own choice: `target`, `units` and the null models are filled by `ask`.

    Args:
        playlists: 1 where a song is known to be in a playlist, shape (n_playlists, n_items).
        artists: of all songs, "" where unknown, shape (n_items,).
    """

    def __init__(self, playlists: csr_matrix, artists: np.ndarray) -> None:
        self.playlists, self.artists = playlists, artists
        self.errors = {"mean_row": torch.zeros(0)}

    def metrics(self) -> MetricCollection:
        """Return the mean squared error."""
        return MetricCollection({"cooccurrence_mse": CooccurrenceError()}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the errors of the null models, see `null_errors`."""
        return {name: {"squared_error": error} for name, error in self.errors.items()}

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
        songs, train = error.songs.numpy(), error.train.numpy()
        self.target, self.units = error.songs, songs[:, None]
        self.errors = null_errors(self.playlists, self.artists, train, songs)
        return {"squared_error": error.squared_error}
