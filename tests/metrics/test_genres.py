"""Metrics of one class out of many, by hand and against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss

from muso_exp.metrics.genres import ConfidenceError, decisions, genre_metrics, per_class
from muso_exp.metrics.resampling import bootstrap_weights

ONES = torch.ones(1, 4, dtype=torch.float64)
PROBABILITIES = torch.tensor([[0.5, 0.5, 0.0], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
TARGET = torch.tensor([0, 1, 1, 0])


def value(name: str, weights: torch.Tensor = ONES) -> float:
    metric = genre_metrics()[name]
    return float(metric.score(weights, probabilities=PROBABILITIES, target=TARGET)[0])


def test_a_tie_is_decided_in_equal_parts() -> None:
    assert decisions(PROBABILITIES)[0].tolist() == [1 / 2, 1 / 2, 0]
    assert value("accuracy") == pytest.approx((1 / 2 + 1 + 0 + 1) / 4)


def test_a_uniform_guess_scores_its_exact_expectation() -> None:
    uniform = torch.full((4, 3), 1 / 3)
    accuracy = genre_metrics()["accuracy"]
    assert float(accuracy.score(ONES, probabilities=uniform, target=TARGET)) == pytest.approx(1 / 3)


def test_macro_f1_by_hand() -> None:
    # decided 3/2, 3/2, 1; true 2, 2, 0; hits 3/2, 1, 0
    assert value("macro_f1") == pytest.approx(((3 / (7 / 2)) + 2 / (7 / 2) + 0) / 3)


def test_log_loss_by_hand_with_its_floor() -> None:
    expected = -(np.log(0.5) + np.log(0.7) + np.log(0.1) + np.log(0.6)) / 4
    assert value("log_loss") == pytest.approx(expected, rel=1e-6)
    sure = torch.tensor([[0.0, 1.0]])
    loss = genre_metrics()["log_loss"]
    one = torch.ones(1, 1, dtype=torch.float64)
    assert float(loss.score(one, probabilities=sure, target=torch.tensor([0]))) == 100


def test_calibration_error_by_hand() -> None:
    # confidence .5 (half right), .7 (right), .8 (wrong), .6 (right), each in a bin of its own
    assert value("calibration_error") == pytest.approx((0 + 0.3 + 0.8 + 0.4) / 4, abs=1e-6)


def test_weights_count_rows_as_often_as_they_say() -> None:
    weights = torch.tensor([[0.0, 2.0, 1.0, 0.0]], dtype=torch.float64)
    assert value("accuracy", weights) == pytest.approx(2 / 3)


def test_metrics_equal_scikit_learn_where_nothing_ties() -> None:
    draw = torch.Generator().manual_seed(0)
    probabilities = torch.rand(60, 5, generator=draw, dtype=torch.float64).softmax(dim=1)
    target = torch.arange(60) % 5
    ones = torch.ones(1, 60, dtype=torch.float64)
    found = {
        name: float(metric.score(ones, probabilities=probabilities, target=target))
        for name, metric in genre_metrics().items()
    }
    decided = probabilities.argmax(dim=1)
    assert found["accuracy"] == pytest.approx(accuracy_score(target, decided))
    assert found["macro_f1"] == pytest.approx(f1_score(target, decided, average="macro"))
    assert found["log_loss"] == pytest.approx(log_loss(target, probabilities))


def test_a_resample_is_the_metric_of_the_repeated_rows() -> None:
    weights = bootstrap_weights(np.arange(4), 3, seed=1)
    for name, metric in genre_metrics().items():
        samples = metric.score(weights, probabilities=PROBABILITIES, target=TARGET)
        for row, sample in zip(weights, samples, strict=True):
            times = row.long()
            columns = {
                "probabilities": PROBABILITIES.repeat_interleave(times, dim=0),
                "target": TARGET.repeat_interleave(times),
            }
            ones = torch.ones(1, int(times.sum()), dtype=torch.float64)
            assert float(sample) == pytest.approx(float(metric.score(ones, **columns))), name


def test_per_class_counts_and_averages() -> None:
    rows = per_class(PROBABILITIES, TARGET)
    assert rows[:, 0].tolist() == [2, 2, 0]
    assert rows[0, 1:].tolist() == pytest.approx([(1 / 2 + 1) / 2, 0.55])
    assert rows[2, 1:].isnan().all()


def test_a_calibration_needs_bins() -> None:
    with pytest.raises(ValueError, match="n_bins must be >= 1, got 0"):
        ConfidenceError(0)
