"""New songs for a model of sound: batches in order, and the most similar of them."""

import pandas as pd
import pytest
import torch
from torch import Tensor

from muso_exp.models.base import Model
from muso_exp.records import Batch
from muso_exp.tasks.new_clips import NewClips, nearest_other, predict_batches

VECTORS = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])


class Doubles(Model):
    """Predicts twice its inputs, and gives them as embedding."""

    embedding_dim = 2

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        return {"preds": 2 * batch["x"]}

    def embedding(self, x: Tensor) -> Tensor:
        return x


class Silent(Model):
    """Gives no embedding."""


def clips(n_songs: int = 3) -> NewClips:
    batches = [{"x": VECTORS[:n_songs][row : row + 2]} for row in (0, 2) if row < n_songs]
    return NewClips(pd.DataFrame({"track_id": ["a", "b", "c"][:n_songs]}), batches)


def test_predictions_of_batches_stand_in_their_order() -> None:
    assert predict_batches(Doubles(), clips().batches)["preds"].equal(2 * VECTORS)


def test_the_nearest_other_vector_is_by_cosine() -> None:
    cosine, nearest = nearest_other(VECTORS)
    assert nearest.tolist() == [2, 2, 1]
    assert cosine.tolist() == pytest.approx([3 / 5, 4 / 5, 4 / 5])


def test_the_most_similar_new_song_is_named() -> None:
    table = clips().most_similar(Doubles())
    assert table["most similar"].tolist() == ["c", "c", "b"]
    assert table["similarity"].tolist() == pytest.approx([0.6, 0.8, 0.8])


def test_one_song_or_a_model_without_embedding_has_no_most_similar_song() -> None:
    assert list(clips(1).most_similar(Doubles())) == list(clips().most_similar(Silent())) == []
    assert len(clips().most_similar(Silent())) == 3
