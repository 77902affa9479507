"""The task "which items will a user play?"."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.features.item_credits import PLACES
from muso_exp.metrics.drawn_items import DrawnItems
from muso_exp.metrics.ranking import list_metrics, ranking_metrics
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, ExtraTask, Task
from muso_exp.tasks.recommendation.audit import audit, drawn_items, training
from muso_exp.tasks.recommendation.baselines import (
    most_tagged_columns,
    null_columns,
    same_artist_columns,
)
from muso_exp.tasks.recommendation.listed import listed_columns
from muso_exp.tasks.recommendation.sections import by_activity, latent_factors, neighbours
from muso_exp.tasks.recommendation.split_plays import SplitPlays


class Recommendation(Task):
    """Rank the items that a user has not played; a test row is a user with held-out items.

    Users are the independent unit.

    Args:
        plays: filtered and split.
        cutoffs: the k of the ranking metrics.
        queries: items whose neighbours the report shows.
        extra: further tests of the same model.
    """

    keys = ("user",)

    def __init__(
        self,
        plays: SplitPlays,
        cutoffs: Sequence[int],
        queries: Sequence[int],
        extra: Sequence[ExtraTask] = (),
    ) -> None:
        self.plays, self.held, self.listeners = plays, plays.held(), plays.listeners()
        self.new_users = self.held.brought is not None
        self.cutoffs, self.queries, self.extra = list(cutoffs), queries, extra
        self.target = torch.from_numpy(self.held.counts())
        self.units = plays.used.users[self.held.users][:, None]

    def metrics(self) -> MetricCollection:
        """Return the ranking metrics at each cutoff, and what the recommended lists are like."""
        train, tags = self.plays.split.train, self.plays.used.tags
        vectors = train if tags is None else tags.weights
        described = self.listeners, train.shape[0], vectors, self.held.candidates
        lists = list_metrics(*described, columns=tags is None)
        ranked = ranking_metrics(self.cutoffs, self.held.typical_candidates)
        return MetricCollection({**ranked, **lists}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the exact expectation of a random order, the most and the least popular first.

        Where items name artists and are none, more of the artists that a user plays.
        """
        return self._nulls

    def drawn_items(self, n_resamples: int) -> DrawnItems | None:
        """Return the items without listeners, which intervals draw too."""
        return self.held.drawn(n_resamples)

    @cached_property
    def _nulls(self) -> dict[str, Columns]:
        found = null_columns(self.held, self.listeners, self.cutoffs)
        items, train = self.plays.used.items, self.plays.split.train
        if items["title"].any():
            rows, artists = self.held.known(train), items["artist"]
            found |= same_artist_columns(self.held, rows, artists, self.listeners, self.cutoffs)
        tagged = self.plays.used.tag_counts()
        return {**found, **most_tagged_columns(self.held, tagged, self.cutoffs)}

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test user: number, held-out items, recommended items, all columns.

        Users are numbers, since names may be people's handles.
        """
        users = self.plays.used.users[self.held.users]
        table = pd.DataFrame({"user": users, "held_out": self.held.item_lists()})
        return with_columns(table, columns)

    def answered(self, table: pd.DataFrame) -> Columns:
        """Return the columns of a table of `predictions`, from its lists `top`, the best first."""
        return listed_columns(
            self.held,
            table,
            self.plays.used.plays.shape[1],
            self.cutoffs,
            self._nulls["popularity"]["top"].shape[1],
        )

    def audit(self, answer: Answer) -> list[Finding]:
        """Return what reading found, what filter and split leave out, and how training went."""
        column = f"ap_at_{max(self.cutoffs)}"
        popularity = self._nulls["popularity"]
        drawn = drawn_items("test_items", self.held, self.cutoffs)
        return [*audit(self.plays, self.held), *drawn, *training(answer, popularity, column)]

    def counts(self) -> dict[str, int]:
        """Return users, items, plays, and (user, item) entries by split."""
        plays, split = self.plays.used.plays, self.plays.split
        n_users, n_items = plays.shape
        return {
            "users": n_users,
            "items": n_items,
            "candidates": self.held.n_items,
            "test_users": len(self.held.users),
            "train_entries": split.train.nnz,
            "val_entries": split.val.nnz,
            "test_entries": self.held.positives.nnz,
            "plays": int(plays.sum()),
        }

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return scores by activity, the neighbours of some items, and the latent factors."""
        return [
            by_activity(self.plays, self.held, table, answer.bootstrap),
            *neighbours(answer.model, self.queries, self.plays.used.names),
            *latent_factors(answer.model, self.plays),
        ]


def with_columns(table: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Return the table with the columns but PLACES; of several numbers a row holds a list."""
    values = {name: column.cpu().numpy() for name, column in columns.items() if name not in PLACES}
    return table.assign(
        **{name: value.tolist() if value.ndim > 1 else value for name, value in values.items()}
    )
