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

from muso_exp.metrics.drawn_items import DrawnItems
from muso_exp.metrics.ranking import ranking_metrics
from muso_exp.models.abilities import FoldsIn, ask
from muso_exp.models.shown_abilities import HasVariants
from muso_exp.records import Batch, Columns
from muso_exp.tasks.base import ExtraTask, NotAnsweredError
from muso_exp.tasks.recommendation.baselines import (
    artist_plays,
    most_tagged_columns,
    null_columns,
)
from muso_exp.tasks.recommendation.split_plays import HeldOut
from muso_exp.tasks.recommendation.variants import WHOLE, KnownUsers, Variants

MEASURES = ("auc", "map_at_", "ndcg_at_", "recall_at_")  # of the further tests


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
        tagged: how often each item was tagged, shape (n_items,); None without tags.
    """

    name: str
    held: HeldOut
    units: np.ndarray
    listeners: np.ndarray
    artist: np.ndarray
    cutoffs: Sequence[int]
    tagged: np.ndarray | None = None


class ColdTest(ExtraTask):
    """Rank items for users of training whose plays of them are held out.

    Args:
        rows: of the test.
        known: plays that the users are known by, shape (n_users, n_items).
        batches: of the rows, as of the recommendation task; can be iterated again.

    Attributes:
        variants: ranks the users of this test with those of others, where the task shows a hybrid's
            parts on all of them; None: they are ranked alone.
    """

    variants: Variants | None = None

    def __init__(self, rows: ColdRows, known: csr_matrix, batches: Iterable[Batch] = ()) -> None:
        self.rows, self.known, self.batches = rows, known, batches
        self.target = torch.from_numpy(rows.held.counts())
        self.units = rows.units

    @property
    def users(self) -> KnownUsers:
        """Return the rows with what the users are known by."""
        return KnownUsers(self.rows.name, self.rows.held, self.known, self.rows.cutoffs)

    def metrics(self) -> MetricCollection:
        """Return the ranking metrics by the name of the test and their own."""
        every = ranking_metrics(self.rows.cutoffs, self.rows.held.typical_candidates)
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

    def drawn_items(self, n_resamples: int) -> DrawnItems | None:
        """Return the items without listeners, which intervals draw too."""
        return self.rows.held.drawn(n_resamples)

    @cached_property
    def _nulls(self) -> dict[str, Columns]:
        rows = self.rows
        if not len(rows.held.users):
            return {}
        found: dict[str, Columns] = {**null_columns(rows.held, rows.listeners, list(rows.cutoffs))}
        found |= most_tagged_columns(rows.held, rows.tagged, list(rows.cutoffs))
        return found | artist_plays(self.users, rows.artist)

    def ask(self, model: Any) -> Columns:
        """Return the ranking columns of the model.

        Raises:
            NotAnsweredError: no user has played what is held out.
        """
        if not len(self.rows.held.users):
            raise NotAnsweredError(f"no play is held out for the test {self.rows.name}")
        if self.variants is None or not isinstance(model, HasVariants):
            return self.columns(model)
        found = self.variants.of(model)[self.rows.name][WHOLE]
        return {name: torch.from_numpy(column) for name, column in found.items()}

    def columns(self, model: Any) -> Columns:
        """Return the ranking columns of users of training."""
        found = [ask(model.predict_step, batch) for batch in self.batches]
        return {name: torch.cat([part[name] for part in found]) for name in found[0]}


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
        blocks = [
            self.users.places(rows, ask(model.score_new, batch).numpy())
            for rows, batch in self.users.blocks()
        ]
        columns = self.users.columns(blocks)
        return {name: torch.from_numpy(column) for name, column in columns.items()}
