"""New songs for a model of sound: its answers, batch by batch, and which songs are alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import normalize

from muso_exp.models.abilities import GivesEmbedding, ask
from muso_exp.records import Batch, Columns


def predict_batches(model: Any, batches: Iterable[Batch]) -> Columns:
    """Return a model's prediction columns of all rows of some batches, in their order.

    It is shown `x`, and `offset` where there is one, see `muso_exp.models.audio.AudioModel`.
    """
    shown = ("x", "offset")
    parts = [
        model.columns({name: batch[name] for name in shown if name in batch}) for batch in batches
    ]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True)
class NewClips:
    """New songs, cut into windows as in training.

    Attributes:
        songs: `track_id` of each song.
        batches: their windows, x (B, n_windows, n_samples), in row order; can be iterated again.
    """

    songs: pd.DataFrame
    batches: Iterable[Batch]

    def predict(self, model: Any) -> Columns:
        """Return the model's prediction columns of all songs."""
        return predict_batches(model, self.batches)

    def likeliest(
        self, model: Any, column: str, names: Sequence[str], headings: Iterable[tuple[str, str]]
    ) -> pd.DataFrame:
        """Return the likeliest labels of each song, and the most similar song.

        Args:
            model: the trained model.
            column: its prediction column of probabilities, shape (n_songs, n_labels).
            names: of the labels, in the order of its outputs.
            headings: of a label and its probability, the likeliest first; as many are returned.
        """
        probabilities, order = self.predict(model)[column].double().sort(dim=1, descending=True)
        table = pd.DataFrame({"song": self.songs["track_id"]})
        for place, (label, probability) in zip(range(len(names)), headings, strict=False):
            table[label] = [names[number] for number in order[:, place].tolist()]
            table[probability] = probabilities[:, place].numpy()
        return table.join(self.most_similar(model))

    def most_similar(self, model: Any) -> pd.DataFrame:
        """Return the other new song that is most similar to each, by the cosine of embeddings.

        Returns:
            `most similar` and `similarity`, a row per song; no columns of a single song or where
            the model gives no embedding.
        """
        if len(self.songs) < 2 or not isinstance(model, GivesEmbedding):
            return pd.DataFrame(index=self.songs.index)
        embedded = torch.cat([ask(model.embedding, batch["x"]) for batch in self.batches])
        similarity, nearest = nearest_other(embedded)
        names = self.songs["track_id"].iloc[nearest.numpy()].to_numpy()
        return pd.DataFrame({"most similar": names, "similarity": similarity.numpy()})


def nearest_other(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cosine (n,) of each vector (n, D) to the nearest other one, and its number."""
    units = normalize(vectors.double(), dim=1)
    cosine = (units @ units.T).fill_diagonal_(-torch.inf)  # (n, n)
    best = cosine.max(dim=1)
    return best.values, best.indices
