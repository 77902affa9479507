"""The null model of genres that knows how loud a clip is."""

import numpy as np
import torch
from pytest import approx

from muso_exp.tasks.genre_recognition.baselines import artist_shares, loudness_baseline


def test_louder_clips_are_of_the_louder_genre_and_one_in_between_may_be_of_the_third() -> None:
    levels = np.repeat([-30.0, -20.0, -10.0], 20) + np.tile([-1.0, 1.0], 30)
    asked = np.array([[-31.0], [-20.0], [-9.0]])
    found = loudness_baseline(levels[:, None], np.repeat([0, 3, 1], 20), asked, 4)
    assert found.argmax(dim=1).tolist() == [0, 3, 1]
    assert (found[:, 2] == 0).all() and found.sum(dim=1).tolist() == approx([1, 1, 1])


def test_a_single_train_genre_has_all_probability() -> None:
    found = loudness_baseline(np.array([[-9.0], [-8.0]]), np.array([1, 1]), np.array([[-5.0]]), 3)
    assert found.tolist() == [[0, 1, 0]]


def test_an_artist_has_the_genres_of_its_train_clips_and_an_unknown_one_those_of_all() -> None:
    genres, known = torch.tensor([0, 0, 1, 1]), np.array(["a", "a", "a", "b"])
    found = artist_shares(genres, known, np.array(["a", "b", "c"]), n_genres=2)
    expected = [[2.5 / 4, 1.5 / 4], [0.5 / 2, 1.5 / 2], [1 / 2, 1 / 2]]
    assert found.numpy() == approx(np.array(expected))
