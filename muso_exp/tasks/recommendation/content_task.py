"""The task of recommendation where items are known by their content too."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import pandas as pd
from torchmetrics import MetricCollection

from muso_exp.features.hybrid_parts import reduced
from muso_exp.features.item_vectors import SOUND, ItemVectors
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.ranking import IntraListDiversity
from muso_exp.models.abilities import MovesToContent
from muso_exp.models.shown_abilities import HasVariants
from muso_exp.records import Finding, Section
from muso_exp.tasks.base import Answer, ExtraTask
from muso_exp.tasks.recommendation.audit import drawn_items
from muso_exp.tasks.recommendation.cold_tests import ColdTest, NewUsersTest
from muso_exp.tasks.recommendation.diversity_curve import CurveOptions, points, tradeoff
from muso_exp.tasks.recommendation.item_genres import ItemGenres
from muso_exp.tasks.recommendation.part_weights import part_weights
from muso_exp.tasks.recommendation.similarity_section import (
    SimilarityOptions,
    similarity_section,
)
from muso_exp.tasks.recommendation.split_plays import SplitPlays
from muso_exp.tasks.recommendation.task import Recommendation
from muso_exp.tasks.recommendation.variants import KnownUsers, Variants, parts_alone

RERANK_DIMS = 64  # of the vectors that lists are re-ranked by
LISTS = (
    *("metadata_diversity", "sound_diversity"),
    *("novelty", "coverage", "popularity_bias"),
)


class ContentTask(Recommendation):
    """Rank the items that a user has not played; lists are described by metadata and by sound.

    Args:
        plays: filtered and split.
        cutoffs: the k of the ranking metrics.
        queries: items whose neighbours the report shows.
        extra: further tests of the same model.
        content: what is known of the items.
        curve: points of accuracy against diversity that the report shows; None: none.
        genres: of the items, with a confidence; None without.
        similarity: how items' similarities by growing numbers of users are shown; None: not.
    """

    def __init__(
        self,
        plays: SplitPlays,
        cutoffs: Sequence[int],
        queries: Sequence[int],
        extra: Sequence[ExtraTask],
        content: ItemVectors,
        curve: CurveOptions | None = None,
        genres: ItemGenres | None = None,
        similarity: SimilarityOptions | None = None,
    ) -> None:
        super().__init__(plays, cutoffs, queries, extra)
        self.content, self.curve = content, curve
        self.genres, self.similarity = genres, similarity
        self._answered: tuple[Any, list[Section], list[Finding]] | None = None
        cold = [test for test in extra if isinstance(test, ColdTest)]
        self.variants = Variants([self._warm, *(test.users for test in cold)])
        for test in cold:  # a model scores users of training by its own plays
            if isinstance(test, NewUsersTest) or test.users.known_alike(plays.split.train):
                test.variants = self.variants

    def metrics(self) -> MetricCollection:
        """Return those of recommendation, and the diversity of lists by metadata and by sound."""
        found = super().metrics()
        sound = self.content.fields == SOUND
        for name, chosen in (("metadata_diversity", ~sound), ("sound_diversity", sound)):
            if chosen.any():
                vectors = self.content.vectors[:, chosen]
                found.add_metrics({name: IntraListDiversity(vectors)})
        return found

    def audit(self, answer: Answer) -> list[Finding]:
        """Return those of recommendation, and what the parts and the curve answer."""
        cold = [test.rows for test in self.extra if isinstance(test, ColdTest)]
        drawn = [
            finding for rows in cold for finding in drawn_items(rows.name, rows.held, rows.cutoffs)
        ]
        return [*super().audit(answer), *drawn, *self._compared(answer)[1]]

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return those of recommendation, and a hybrid's parts: weights and worth."""
        own = part_weights(answer.model)
        own += [] if self.genres is None else [self.genres.section()]
        return [*self._compared(answer)[0], *own, *super().sections(table, answer)]

    def _compared(self, answer: Answer) -> tuple[list[Section], list[Finding]]:
        """Return the hybrid beside its parts, and accuracy against diversity, computed once."""
        if self._answered is None or self._answered[0] is not answer.model:
            parts = parts_alone(answer.model, self.variants, answer.bootstrap)
            curve = self._curve(answer)
            sections, findings = [*parts[0], *curve[0]], [*parts[1], *curve[1]]
            if self.similarity is not None:
                plays = self.plays.split.train
                shown = similarity_section(plays, self.similarity, answer.bootstrap)
                sections, findings = [*shown[0], *sections], [*shown[1], *findings]
            self._answered = answer.model, sections, findings
        return self._answered[1], self._answered[2]

    @property
    def _warm(self) -> KnownUsers:
        name = "warm_items" if self.plays.split.warm else "held_out"
        return KnownUsers(name, self.held, self.plays.split.train, self.cutoffs)

    def _curve(self, answer: Answer) -> tuple[list[Section], list[Finding]]:
        able = isinstance(answer.model, MovesToContent) and isinstance(answer.model, HasVariants)
        if self.curve is None or not able:
            return [], []
        units = reduced(self.content.vectors, RERANK_DIMS, 0)
        found = points(answer.model, self.variants, units, self.curve)
        if not found:
            text = "one part alone is no blend that could be moved; leave model.parts empty"
            return [], [Finding("diversity_not_shown", 1, text)]
        every = self.metrics()
        names = [f"ndcg_at_{min(self.cutoffs)}", *LISTS]
        metrics = {name: cast(WeightedMetric, every[name]) for name in names if name in every}
        return tradeoff(found, metrics, answer.bootstrap.weights(self.units))
