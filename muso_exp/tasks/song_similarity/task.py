"""The task "which other songs is this one like?": two kinds of likeness, set beside each other."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from torchmetrics import MetricCollection

from muso_exp.metrics.similarity import MeanOfNearest, SongRankCorrelation
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks import sound_audit
from muso_exp.tasks.base import Answer, Task
from muso_exp.tasks.song_similarity.sections import sections
from muso_exp.tasks.song_similarity.song_pairs import SongPairs

NEAREST = (1, 10)


class SongSimilarity(Task):
    """Order all songs of other artists by how alike they are; artists are the independent unit.

    Args:
        rows: clips with their likeness by what the model is set beside.
    """

    keys = ("track_id",)

    def __init__(self, rows: SongPairs) -> None:
        self.rows = rows
        self.target, self.units = rows.target(), rows.clips.units()

    def metrics(self) -> MetricCollection:
        """Return the rank correlation, and how alike the nearest songs are by the other kind."""
        nearest = {f"likeness_at_{k}": MeanOfNearest(k) for k in NEAREST}
        return MetricCollection(
            {"rank_correlation": SongRankCorrelation(), **nearest}, compute_groups=False
        )

    def nulls(self) -> dict[str, Columns]:
        """Return all songs alike, the vectors of other songs, and loudness."""
        return self.rows.nulls()

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test clip: id, names, genre, likeness to all clips by both kinds."""
        table = self.rows.clips.part("test")[["track_id", "artist", "title", "genre"]]
        return table.assign(
            similarity=columns["similarity"].double().numpy().tolist(),
            target=self.target.double().numpy().tolist(),
        )

    def audit(self, answer: Answer) -> list[Finding]:
        """Return what was left out, and how many pairs are compared."""
        compared = int((~np.isnan(self.target.numpy())).sum())
        every = self.target.numel()
        text = f"{compared} of {every} pairs of a test clip with any clip are of two artists"
        levels = len(np.unique(self.target.numpy()[~np.isnan(self.target.numpy())].round(6)))
        few = f"likeness by {self.rows.against} has {levels} different values"
        return [
            *sound_audit.audit(self.rows.clips),
            Finding("compared_pairs", compared, text),
            Finding("levels_of_likeness", levels, few, "warning" if levels < 10 else "note"),
        ]

    def counts(self) -> dict[str, int]:
        """Return clips and artists."""
        return self.rows.clips.counts()

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return the density of both likenesses, and the pairs that disagree most."""
        return sections(self.rows, answer.columns["similarity"].numpy())
