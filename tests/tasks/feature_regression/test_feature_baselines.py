"""Null models of features."""

import numpy as np
import pytest
import torch

from muso_exp.tasks.feature_regression.baselines import null_columns


def nulls(artists: list[str]) -> dict[str, np.ndarray]:
    target = torch.tensor([[-1.0, 2.0], [0.0, 2.0], [1.0, -4.0]])
    levels = np.array([-30.0, -20.0, -10.0]), np.array([-20.0, 0.0])
    found = null_columns(target, (np.array(["a", "a", "b"]), np.array(artists)), levels)
    return {name: columns["preds"].numpy() for name, columns in found.items()}


def test_the_level_rule_is_the_least_squares_line() -> None:
    assert nulls(["c", "d"])["level"] == pytest.approx(np.array([[0, 0], [2, -6]]))


def test_a_known_artist_has_the_mean_of_its_songs_and_two_of_the_mean_of_all() -> None:
    found = nulls(["a", "c"])
    assert found["artist_mean"] == pytest.approx(np.array([[-1 / 4, 4 / 4], [0, 0]]))
    assert (found["train_mean"] == 0).all()


def test_without_known_artists_there_is_no_artist_mean() -> None:
    assert set(nulls(["c", "d"])) == {"train_mean", "level"}
