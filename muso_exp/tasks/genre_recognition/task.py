"""The task "of which genre is this clip?", from its sound."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from torchmetrics import MetricCollection

from muso_exp.metrics.genre_recall import genre_recalls
from muso_exp.metrics.genres import genre_metrics
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, Task
from muso_exp.tasks.genre_recognition.baselines import artist_shares, null_columns
from muso_exp.tasks.genre_recognition.sections import sections
from muso_exp.tasks.sound_audit import audit
from muso_exp.tasks.sound_clips import SoundClips


class GenreRecognition(Task):
    """Decide of which genre a test clip is; artists are the independent unit.

    Args:
        clips: with the numbers of their genres as targets.
        names: of the genres, by number.
        loudness: of each clip, see `muso_exp.sound.loudness.pooled_loudness`, shape (n_clips, 3).
    """

    keys = ("track_id",)

    def __init__(self, clips: SoundClips, names: list[str], loudness: np.ndarray) -> None:
        self.clips, self.names, self.loudness = clips, names, loudness
        self.target, self.units = clips.targets_of(clips.parts["test"]), clips.units()

    def metrics(self) -> MetricCollection:
        """Return accuracy, macro F1, log loss, calibration error, and the recall of each genre."""
        metrics = {**genre_metrics(), **genre_recalls(self.names)}
        return MetricCollection({**metrics}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the train shares, a guess, two loudness baselines, and shares of known artists."""
        clips, n_genres = self.clips, len(self.names)
        train, test = clips.parts["train"], clips.parts["test"]
        genres = clips.targets_of(train)
        nulls = null_columns(genres, self.loudness[train], self.loudness[test], n_genres)
        known, asked = clips.artists[train], clips.artists[test]
        if np.isin(asked, known).any():
            nulls["artist"] = {"probabilities": artist_shares(genres, known, asked, n_genres)}
        return nulls

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test clip: id, artist, title, genre, decision, probabilities."""
        table = self.clips.part("test")[["track_id", "artist", "title", "genre"]]
        probabilities = columns["probabilities"].double().numpy()
        return table.assign(
            decision=[self.names[best] for best in probabilities.argmax(axis=1)],
            confidence=probabilities.max(axis=1),
            target=self.target.numpy(),
            probabilities=probabilities.tolist(),
        )

    def audit(self, answer: Answer) -> list[Finding]:
        """Return what could not be decoded, and what train and test have in common."""
        return audit(self.clips)

    def counts(self) -> dict[str, int]:
        """Return tracks read, clips used, artists, and clips of each part."""
        return self.clips.counts()

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return the confusion matrix, the confidence per genre and its calibration."""
        artists = self.units[:, 0]
        return sections(table, self.names, artists, self.clips.n_folds, answer.bootstrap)
