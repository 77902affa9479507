"""Further tests of a recommender: items, artists and users that training had nothing of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torchmetrics import MetricCollection

from muso_exp.features.ranking import rank_in_blocks
from muso_exp.metrics.ranking import ranking_metrics
from muso_exp.models.abilities import FoldsIn, ask
from muso_exp.records import Batch, Columns
from muso_exp.tasks.base import ExtraTask, NotAnsweredError
from muso_exp.tasks.recommendation.baselines import null_columns
from muso_exp.tasks.recommendation.split_plays import HeldOut

MEASURES = ("auc", "map_at_", "ndcg_at_", "recall_at_")  # of the further tests
ARTIST_PLAYS = "artist_plays"


@dataclass(frozen=True)
class ColdRows:
    """The rows of a further test: users with held-out items.

    Attributes:
        name: of the test, before its metrics.
        held: users, what they are known to play, and what is held out.
        units: of each row, shape (n_rows, 1).
        listeners: train users of each item, shape (n_items,).
        artist: number of each item's artist, shape (n_items,); where items are artists, its own.
        cutoffs: the k of the ranking columns.
    """

    name: str
    held: HeldOut
    units: np.ndarray
    listeners: np.ndarray
    artist: np.ndarray
    cutoffs: Sequence[int]


class ColdTest(ExtraTask):
    """Rank items for users of training whose plays of them are held out.

    Args:
        rows: of the test.
        known: plays that the users are known by, shape (n_users, n_items).
        batches: of the rows, as of the recommendation task; can be iterated again.
    """

    def __init__(self, rows: ColdRows, known: csr_matrix, batches: Iterable[Batch] = ()) -> None:
        self.rows, self.known, self.batches = rows, known, batches
        self.target = torch.from_numpy(rows.held.counts())
        self.units = rows.units

    def metrics(self) -> MetricCollection:
        """Return the ranking metrics by the name of the test and their own."""
        every = ranking_metrics(self.rows.cutoffs)
        found = {
            f"{self.rows.name}_{name}": metric
            for name, metric in every.items()
            if name.startswith(MEASURES)
        }
        return MetricCollection(dict(found), compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return a random order, the most and the least popular first, and the user's artists.

        `artist_plays`: the more a user plays of an item's artist, the higher; left out where no two
        items share an artist.
        """
        return self._nulls

    @cached_property
    def _nulls(self) -> dict[str, Columns]:
        rows = self.rows
        if not len(rows.held.users):
            return {}
        found: dict[str, Columns] = {**null_columns(rows.held, rows.listeners, list(rows.cutoffs))}
        if len(np.unique(rows.artist)) < len(rows.artist):
            found[ARTIST_PLAYS] = self._ranked(self._artist_scores)
        return found

    def _artist_scores(self, start: int, stop: int) -> np.ndarray:
        """Return the log-plays of each candidate's artist by users of some rows."""
        rows = self.rows
        mine = csr_matrix(self.known[rows.held.users[start:stop]]).log1p()
        n_artists = int(rows.artist.max()) + 1
        ones, items = np.ones(len(rows.artist)), np.arange(len(rows.artist))
        of = csr_matrix((ones, (items, rows.artist)), (len(items), n_artists))
        plays = (mine @ of).toarray()[:, rows.artist]  # (B, n_items)
        return np.asarray(rows.held.of_candidates(plays.T).T, dtype=np.float32)

    def ask(self, model: Any) -> Columns:
        """Return the ranking columns of the model.

        Raises:
            NotAnsweredError: no user has played what is held out.
        """
        if not len(self.rows.held.users):
            raise NotAnsweredError(f"no play is held out for the test {self.rows.name}")
        return self.columns(model)

    def columns(self, model: Any) -> Columns:
        """Return the ranking columns of users of training."""
        found = [ask(model.predict_step, batch) for batch in self.batches]
        return {name: torch.cat([part[name] for part in found]) for name in found[0]}

    def _ranked(self, scores: Any) -> Columns:
        """Return the ranking columns by scores of blocks of rows, (start, stop) -> (B, n)."""
        held = self.rows.held
        seen, positives = held.rows()
        found = rank_in_blocks(
            scores, seen, positives, held.n_items, self.rows.cutoffs, users=held.users
        )
        found["top"] = held.ids(found["top"])
        return {name: torch.from_numpy(column) for name, column in found.items()}


class NewUsersTest(ColdTest):
    """Rank items for users who were not in training, known by a part of their plays."""

    def columns(self, model: Any) -> Columns:
        """Return the ranking columns of users who are folded in.

        Raises:
            NotAnsweredError: the model has a place for users of its training only.
        """
        if not isinstance(model, FoldsIn):
            raise NotAnsweredError(
                f"{type(model).__name__} has a place for the users of its training only"
            )
        held = self.rows.held
        brought = csr_matrix(self.known[held.users], dtype=np.float32)

        def scores(start: int, stop: int) -> np.ndarray:
            found = ask(model.score_new, plays_batch(brought[start:stop])).numpy()
            return found if held.candidates is None else found[:, held.candidates]

        return self._ranked(scores)


def plays_batch(plays: csr_matrix) -> Batch:
    """Return plays (B, n_items) as a batch of new rows."""
    return {
        "crow_indices": torch.from_numpy(plays.indptr.astype(np.int64)),
        "col_indices": torch.from_numpy(plays.indices.astype(np.int64)),
        "values": torch.from_numpy(plays.data.astype(np.float32)),
    }
