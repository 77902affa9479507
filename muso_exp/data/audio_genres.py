"""The task "of which genre is this clip?", from its sound."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.data.base import Predict
from muso_exp.data.sound.clip_data import AudioData
from muso_exp.errors import ConfigError
from muso_exp.metrics.genre_recall import genre_recalls
from muso_exp.metrics.genres import genre_metrics
from muso_exp.records import Section
from muso_exp.sound.loudness import clip_levels, genre_by_level
from muso_exp.tasks.genre_recognition import sections

SHOWN = 3  # genres that are named of a new song, the likeliest first


class AudioGenres(AudioData):
    """Clips with one genre each; those without are not used.

    Attributes:
        names: of the genres, ascending.

    Source: document 5, section V-D. Deviation: its genres and clips are not published.
    """

    name = "audio_genres"
    head = "genres"

    def choose(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the tracks with a genre.

        Raises:
            ConfigError: fewer than two genres.
        """
        chosen = tracks[tracks["genre"] != ""]
        self.names = sorted(chosen["genre"].unique().tolist())
        if len(self.names) < 2:
            raise ConfigError(
                f"dataset.root={self.root}: {len(chosen)} of {len(tracks)} clips have a genre, "
                f"{len(self.names)} different ones; at least two are needed"
            )
        return chosen

    def learn(self) -> Tensor:
        """Return the number of each clip's genre, shape (n_clips,)."""
        numbers = np.searchsorted(self.names, self.tracks["genre"].to_numpy(str))
        return torch.from_numpy(numbers.astype(np.int64))

    def n_outputs(self) -> int:
        """Return the number of genres."""
        return len(self.names)

    def metrics(self) -> MetricCollection:
        """Return accuracy, macro F1, log loss, calibration error, and the recall of each genre."""
        metrics = {**genre_metrics(), **genre_recalls(self.names)}
        return MetricCollection({**metrics}, compute_groups=False)

    def nulls(self) -> dict[str, dict[str, Tensor]]:
        """Return the null models.

        `prior`: of the train clips (its decision: the majority). `uniform`: a guess. `level`:
        logistic regression on how loud a clip is.
        """
        train, test = self.parts["train"], self.parts["test"]
        genres = self.labels[torch.from_numpy(train)]
        n_genres = len(self.names)
        prior = torch.bincount(genres, minlength=n_genres) / len(train)
        uniform = torch.full_like(prior, 1 / n_genres)
        level = clip_levels(self.store, self.cache)[self.clips]  # (n_clips,)
        told = genre_by_level(level[train], genres.numpy(), level[test], n_genres)
        return {
            "prior": {"probabilities": prior.expand(len(test), -1)},
            "uniform": {"probabilities": uniform.expand(len(test), -1)},
            "level": {"probabilities": told},
        }

    def predictions(self, preds: dict[str, Tensor]) -> pd.DataFrame:
        """Return a row per test clip: id, artist, title, genre, decision, probabilities."""
        table = self.part("test")[["track_id", "artist", "title", "genre"]]
        probabilities = preds["probabilities"].double().numpy()
        return table.assign(
            decision=[self.names[best] for best in probabilities.argmax(axis=1)],
            confidence=probabilities.max(axis=1),
            target=self.target().numpy(),
            probabilities=probabilities.tolist(),
        )

    def sections(self, predictions: pd.DataFrame, predict: Predict) -> Sequence[Section]:
        """Return the confusion matrix, the confidence per genre and its calibration."""
        return sections(self, predictions)

    def state_dict(self) -> dict[str, Any]:
        """Return the names of the genres; Lightning keeps them in every checkpoint."""
        return {"names": self.names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.names = state_dict["names"]

    def describe(self, songs: pd.DataFrame, columns: dict[str, Tensor]) -> pd.DataFrame:
        """Return song, genre and confidence, and the genres that come next."""
        likeliest, order = columns["probabilities"].double().sort(dim=1, descending=True)
        table = pd.DataFrame({"song": songs["track_id"]})
        for place in range(min(SHOWN, len(self.names))):
            label = "genre" if place == 0 else f"genre {place + 1}"
            table[label] = [self.names[number] for number in order[:, place].tolist()]
            table["confidence" if place == 0 else f"confidence {place + 1}"] = likeliest[
                :, place
            ].numpy()
        return table
