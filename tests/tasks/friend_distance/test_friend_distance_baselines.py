import numpy as np
import pytest
import torch

from muso_exp.metrics.friend_distance import AccuracyWithin, ExactAccuracy, MeanAbsoluteError
from muso_exp.tasks.friend_distance.baselines import best_constant, null_columns


def test_nulls_by_hand() -> None:
    target = torch.tensor([0, 0, 1, 3])
    nulls = null_columns(target, n_classes=4, n_rows=2)
    assert nulls["uniform"]["strategy"].tolist() == [[1 / 4] * 4] * 2
    assert nulls["train_prior"]["strategy"][0].tolist() == [2 / 4, 1 / 4, 0, 1 / 4]
    assert nulls["train_prior"]["friend"].tolist() == [2 / 4] * 2
    assert nulls["always_1"]["strategy"].tolist() == [[1, 0, 0, 0]] * 2
    assert set(nulls) == {"uniform", "train_prior", "always_1"} | {
        f"best_constant_{name}" for name in ("exact", "lt3", "le3", "mae")
    }


def test_best_constants_by_hand() -> None:
    train = np.array([0, 0, 4, 5, 6, 9])
    assert best_constant(train, 10, "acc_exact") == 1
    assert best_constant(train, 10, "acc_within_lt3") == 3  # 1, 1 and 5; no constant has more
    assert best_constant(train, 10, "acc_within_le3") == 4  # says 4: 1, 1, 5, 6 and 7 are in reach
    assert best_constant(np.array([0, 2, 9]), 10, "mae") == 3  # the median


def test_best_constant_scores_best_on_train_under_the_metric_itself() -> None:
    target = torch.from_numpy(np.random.default_rng(1).integers(0, 9, 50))
    metrics = {
        "acc_exact": ExactAccuracy(),
        "acc_within_lt3": AccuracyWithin(3, inclusive=False),
        "acc_within_le3": AccuracyWithin(3, inclusive=True),
        "mae": MeanAbsoluteError(),
    }
    for name, metric in metrics.items():
        scores = []
        for row in torch.eye(9, dtype=torch.float64):
            metric.reset()
            metric.update(strategy=row.repeat(50, 1), target=target)
            scores.append(float(metric.compute()) * (1 if metric.higher_is_better else -1))
        assert scores[best_constant(target.numpy(), 9, name) - 1] == pytest.approx(max(scores))
