"""The task of recommendation where items are known by their content too."""

from collections.abc import Iterable, Sequence

import pandas as pd
from torchmetrics import MetricCollection

from muso_exp.features.item_vectors import SOUND, ItemVectors
from muso_exp.metrics.ranking import IntraListDiversity
from muso_exp.records import Section
from muso_exp.tasks.base import Answer, ExtraTask
from muso_exp.tasks.recommendation.part_weights import part_weights
from muso_exp.tasks.recommendation.split_plays import SplitPlays
from muso_exp.tasks.recommendation.task import Recommendation


class ContentTask(Recommendation):
    """Rank the items that a user has not played; lists are described by metadata and by sound.

    Args:
        plays: filtered and split.
        cutoffs: the k of the ranking metrics.
        queries: items whose neighbours the report shows.
        extra: further tests of the same model.
        content: what is known of the items.
    """

    def __init__(
        self,
        plays: SplitPlays,
        cutoffs: Sequence[int],
        queries: Sequence[int],
        extra: Sequence[ExtraTask],
        content: ItemVectors,
    ) -> None:
        super().__init__(plays, cutoffs, queries, extra)
        self.content = content

    def metrics(self) -> MetricCollection:
        """Return those of recommendation, and the diversity of lists by metadata and by sound."""
        found = super().metrics()
        sound = self.content.fields == SOUND
        for name, chosen in (("metadata_diversity", ~sound), ("sound_diversity", sound)):
            if chosen.any():
                vectors = self.content.vectors[:, chosen]
                found.add_metrics({name: IntraListDiversity(vectors)})
        return found

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return those of recommendation, and how a hybrid weighs its parts."""
        return [*super().sections(table, answer), *part_weights(answer.model)]
