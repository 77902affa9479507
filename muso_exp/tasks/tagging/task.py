"""The task "which tags does an item have?", of items with vectors and of a model's own factors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.metrics.tags import tag_metrics
from muso_exp.models.abilities import HasItemFactors, ask
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, ExtraTask, NotAnsweredError, Task
from muso_exp.tasks.tagging.probe import TagRows
from muso_exp.tasks.tagging.sections import tag_areas_section


@dataclass(frozen=True)
class TaggedItems:
    """Items with tags, and the plays that they are from.

    Attributes:
        rows: items, tags and split.
        ids: of all items, as in the files, shape (n_items,).
        n_users: users of the plays.
        notes: what was found while reading.
    """

    rows: TagRows
    ids: np.ndarray
    n_users: int
    notes: Sequence[Finding]


class Tagging(Task):
    """Score the tags of each test item; artists are the independent unit.

    Args:
        items: with tags and split.
    """

    keys = ("id",)

    def __init__(self, items: TaggedItems) -> None:
        self.items, self.rows = items, items.rows
        self.target, self.units = self.rows.labels("test"), self.rows.test_units()

    def metrics(self) -> MetricCollection:
        """Return the areas under both curves, mean over tags."""
        return MetricCollection({**tag_metrics()}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the share of train items of each tag, and the probe on popularity alone."""
        return self.rows.nulls()

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test item: id, tags, and a score per tag."""
        tags = [np.flatnonzero(row).tolist() for row in self.target.numpy()]
        return pd.DataFrame(
            {
                "id": self.items.ids[self.rows.items[self.rows.rows["test"]]],
                "tags": [[self.rows.names[tag] for tag in row] for row in tags],
                "scores": columns["scores"].double().numpy().tolist(),
            }
        )

    def audit(self, answer: Answer) -> list[Finding]:
        """Return the notes on the plays, and how many artists are on both sides of the split."""
        units = {part: self.rows.units[rows, 0] for part, rows in self.rows.rows.items()}
        shared = float(np.isin(units["test"], units["train"]).mean())
        text = (
            f"{shared:.1%} of the test items are by an artist with train items; a probe may know "
            "the artist rather than the tag"
        )
        level = "warning" if shared > 0.5 else "note"
        own = Finding("test_artists_in_train", shared, text, level)  # type: ignore[arg-type]
        return [*self.items.notes, own]

    def counts(self) -> dict[str, int]:
        """Return users, items, tags, and items of each part."""
        parts = {f"{part}_items": len(rows) for part, rows in self.rows.rows.items()}
        sizes = {"users": self.items.n_users, "items": len(self.items.ids)}
        return {**sizes, "tags": len(self.rows.names), **parts}

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return the area under the curve of each tag."""
        scores = torch.tensor(np.array(table["scores"].tolist()))
        names = self.rows.names
        return [tag_areas_section(scores, self.target, names, self.units, answer.bootstrap)]


class TagsOfFactors(ExtraTask):
    """What the item factors of a recommender know about tags, by a probe solved on train items.

    Args:
        rows: items and tags; None where there are none.
        source: of the plays, for the reason.
    """

    def __init__(self, rows: TagRows | None, source: str) -> None:
        self.rows, self.source = rows, source
        if rows is not None:
            self.target, self.units = rows.labels("test"), rows.test_units()

    def metrics(self) -> MetricCollection:
        """Return the areas under both curves, mean over tags."""
        return MetricCollection({**tag_metrics()}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the share of train items of each tag, and the probe on popularity alone."""
        return {} if self.rows is None else self.rows.nulls()

    def ask(self, model: Any) -> Columns:
        """Return the logits (n_test, n_tags) of the probe on the train items' factors.

        Raises:
            NotAnsweredError: the items have no tags, or the model no factors.
        """
        if self.rows is None:
            raise NotAnsweredError(f"no tags in source {self.source}")
        if not isinstance(model, HasItemFactors):
            raise NotAnsweredError("this model has no factors of items")
        factors = ask(model.factors).items.numpy()
        return {"scores": self.rows.probe(factors[self.rows.items])}

    def sections(self, answer: Answer) -> Iterable[Section]:
        """Return the area under the curve of each tag."""
        if self.rows is None:
            return []
        scores, names = answer.columns["scores"], self.rows.names
        return [tag_areas_section(scores, self.target, names, self.units, answer.bootstrap)]
