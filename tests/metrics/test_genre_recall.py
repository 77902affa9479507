"""The recall of each genre, by hand."""

import pytest
import torch

from muso_exp.metrics.genre_recall import MOST, GenreRecall, genre_recalls

PROBABILITIES = torch.tensor([[0.5, 0.5, 0.0], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
TARGET = torch.tensor([0, 1, 1, 0])


def recall(number: int, weights: list[float]) -> float:
    rows = torch.tensor([weights], dtype=torch.float64)
    return float(GenreRecall(number).score(rows, probabilities=PROBABILITIES, target=TARGET)[0])


def test_the_recall_is_of_the_clips_of_the_genre_and_a_tie_counts_in_part() -> None:
    assert recall(0, [1, 1, 1, 1]) == pytest.approx((1 / 2 + 1) / 2)
    assert recall(0, [3, 9, 9, 1]) == pytest.approx((3 / 2 + 1) / 4)
    assert recall(1, [1, 1, 1, 1]) == pytest.approx(1 / 2)
    assert recall(2, [1, 1, 1, 1]) != recall(2, [1, 1, 1, 1])  # NaN: no clip is of it


def test_metrics_are_named_by_letters_digits_and_underscores() -> None:
    names = ["Hip-Hop", "hip hop", "R&B", "日本", "pop"]
    assert list(genre_recalls(names)) == [
        "recall_hip_hop_0",
        "recall_hip_hop_1",
        "recall_r_b",
        "recall_3",
        "recall_pop",
    ]
    assert [metric.number for metric in genre_recalls(names).values()] == [0, 1, 2, 3, 4]


def test_too_many_genres_have_none() -> None:
    assert genre_recalls([f"g{i}" for i in range(MOST + 1)]) == {}
