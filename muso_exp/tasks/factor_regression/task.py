"""The task "which latent factors has this song?", from its sound: the second stage after WMF."""

from collections.abc import Iterable

import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.metrics.regression import R2, Cosine, MeanSquaredError
from muso_exp.records import Batch, Columns, Finding, Section
from muso_exp.tasks import sound_audit
from muso_exp.tasks.base import Answer, Task
from muso_exp.tasks.factor_regression.audit import audit
from muso_exp.tasks.factor_regression.baselines import guesses
from muso_exp.tasks.factor_regression.factor_clips import FactorClips
from muso_exp.tasks.factor_regression.recommendation import HeardFactors, NewSongRecommendation
from muso_exp.tasks.factor_regression.sections import sections


class FactorRegression(Task):
    """Predict the factors of the test clips; artists are the independent unit.

    Args:
        rows: clips with factors.
        every_clip: batches of all clips, in row order; can be iterated again.
        keep_layers: whether the network's inner layers of all clips are kept with its factors.
    """

    keys = ("track_id",)

    def __init__(
        self, rows: FactorClips, every_clip: Iterable[Batch], keep_layers: bool = False
    ) -> None:
        self.rows, clips = rows, rows.clips
        self.target, self.units = clips.targets_of(clips.parts["test"]), clips.units()
        self.heard, self.keep_layers = HeardFactors(every_clip, rows.scaling), keep_layers
        self.extra = [NewSongRecommendation(rows, self.heard)]

    def metrics(self) -> MetricCollection:
        """Return squared error, R2 against the train mean, and the cosine, of the targets."""
        clips = self.rows.clips
        mean = clips.targets_of(self.rows.known).double().mean(dim=0)
        regression = {"mse": MeanSquaredError(), "r2": R2(mean), "cosine": Cosine()}
        return MetricCollection({**regression}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the mean target of train, that of the clip's artist, and ridge on loudness."""
        clips = self.rows.clips
        return {
            name: {"preds": torch.from_numpy(preds[clips.parts["test"]])}
            for name, preds in guesses(self.rows, clips.targets.numpy()).items()
        }

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test clip: id, artist, title, genre, predicted and true target."""
        table = self.rows.clips.part("test")[["track_id", "artist", "title", "genre"]]
        return table.assign(
            preds=columns["preds"].double().numpy().tolist(),
            target=self.target.double().numpy().tolist(),
        )

    def audit(self, answer: Answer) -> list[Finding]:
        """Return what was left out, and who knows what of whom."""
        return [*sound_audit.audit(self.rows.clips), *audit(self.rows)]

    def counts(self) -> dict[str, int]:
        """Return clips and artists, users, plays of the clips."""
        listening = self.rows.listening
        users = {"users": self.rows.n_users, "test_users": len(listening.users)}
        return {**self.rows.clips.counts(), **users, "test_entries": listening.held.nnz}

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return table 6.1, the neighbours of some songs, and the factors."""
        layers = self.heard.layers_of(answer.model) if self.keep_layers else None
        return sections(self.rows, self.heard.of(answer.model), answer.bootstrap, layers)
