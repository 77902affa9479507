"""The cosine of the songs' vectors."""

import pytest
import torch

from muso_exp.models.song_cosine import SongCosine


def test_songs_are_kept_in_their_places_whatever_the_order_of_batches() -> None:
    vectors = torch.tensor([[3.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    model = SongCosine(n_inputs=2, n_songs=3)
    for rows in ([2, 0], [1]):
        model.training_step({"x": vectors[rows], "row": torch.tensor(rows)}, 0)
    assert model.songs.equal(vectors)
    found = model.predict_step({"x": vectors[:1]})["similarity"]
    assert found.tolist() == [pytest.approx([1, 0, 0.5**0.5])]
