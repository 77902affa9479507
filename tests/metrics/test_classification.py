import math

import numpy as np
import pytest
import torch
from pytest import approx
from sklearn.metrics import average_precision_score, f1_score, precision_score, roc_auc_score
from torch import Tensor

from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.classification import (
    F1,
    Accuracy,
    AveragePrecision,
    BrierScore,
    CalibrationError,
    LogLoss,
    Precision,
    Recall,
    RocAUC,
    WholeBatchLoss,
)

METRICS = [
    Accuracy(),
    AveragePrecision(),
    BrierScore(),
    CalibrationError(),
    F1(),
    LogLoss(),
    Precision(),
    Recall(),
    RocAUC(),
]


def value(metric: WeightedMetric, **columns: object) -> float:
    metric = metric.clone()
    metric.update(**{name: torch.as_tensor(column) for name, column in columns.items()})
    return float(metric.compute())


def random_columns(n_rows: int = 60, seed: int = 0) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    score = torch.randint(1, 8, (n_rows,), generator=draw) / 8  # with ties
    target = torch.randint(2, (n_rows,), generator=draw).float()
    return {"probability": score, "decision": (score >= 0.5).float(), "target": target}


def test_loss_is_the_mean_of_the_negative_logarithms() -> None:
    expected = (math.log(4) + math.log(2)) / 2
    assert value(LogLoss(), probability=[0.25, 0.5], target=[1, 0]) == approx(expected)


def test_certainty_in_the_wrong_class_costs_a_hundred() -> None:
    assert value(LogLoss(), probability=[0.0], target=[1]) == 100


def test_a_coin_on_242_rows_loses_five_quarters_of_ln_2_by_whole_batches() -> None:
    target = torch.arange(242) % 2
    score = torch.full((242,), 0.5)
    assert value(WholeBatchLoss(50), probability=score, target=target) == approx(
        math.log(2) * 5 / 4
    )


def test_whole_batch_loss_equals_the_loss_where_batches_fit() -> None:
    columns = random_columns(60)
    assert value(WholeBatchLoss(20), **columns) == approx(value(LogLoss(), **columns))


def test_fewer_rows_than_a_batch_count_as_one_batch() -> None:
    assert value(WholeBatchLoss(50), probability=[0.5], target=[1]) == approx(math.log(2))


def test_brier_score_by_hand() -> None:
    assert value(BrierScore(), probability=[1 / 4, 1 / 2], target=[1, 0]) == approx(
        (9 / 16 + 1 / 4) / 2
    )


def test_calibration_error_weighs_each_bins_gap_by_its_rows() -> None:
    error = value(CalibrationError(2), probability=[1 / 4, 1 / 4, 3 / 4], target=[0, 1, 1])
    assert error == approx((2 * abs(1 / 4 - 1 / 2) + abs(3 / 4 - 1)) / 3)


def test_the_counts_of_the_document_give_its_printed_table() -> None:
    target = torch.tensor([1.0] * 121 + [0.0] * 121)
    decision = torch.zeros(242)
    decision[:5] = decision[121:126] = 1  # 5 true and 5 false positives
    assert value(Accuracy(), decision=decision, target=target) == 0.5
    assert value(Precision(), decision=decision, target=target) == 0.5
    assert round(value(Recall(), decision=decision, target=target), 4) == 0.0413
    assert round(value(F1(), decision=decision, target=target), 4) == 0.0763


def test_a_random_guesser_scores_its_expected_counts() -> None:
    columns = {"decision": [1 / 4] * 4, "target": [1, 0, 0, 0]}
    assert value(Accuracy(), **columns) == approx((1 / 4 + 3 * 3 / 4) / 4)
    assert value(Precision(), **columns) == approx(1 / 4)
    assert value(Recall(), **columns) == approx(1 / 4)


def test_precision_of_nothing_is_undefined_and_f1_is_zero() -> None:
    assert math.isnan(value(Precision(), decision=[0, 0], target=[1, 0]))
    assert value(F1(), decision=[0, 0], target=[1, 0]) == 0


def test_recall_without_positives_is_undefined() -> None:
    assert math.isnan(value(Recall(), decision=[1, 0], target=[0, 0]))


def test_a_tie_counts_half_in_the_area() -> None:
    assert value(RocAUC(), probability=[0.5, 0.5, 0.2], target=[1, 0, 0]) == approx(3 / 4)


def test_average_precision_by_hand() -> None:
    ap = value(AveragePrecision(), probability=[0.9, 0.8, 0.7], target=[1, 0, 1])
    assert ap == approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: type(metric).__name__)
def test_integer_weights_equal_replicated_rows(metric: WeightedMetric) -> None:
    columns = random_columns()
    weights = torch.randint(3, (5, 60), generator=torch.Generator().manual_seed(1)).double()
    for score, row in zip(metric.score(weights, **columns), weights, strict=True):
        replicated = {k: v.repeat_interleave(row.long()) for k, v in columns.items()}
        assert float(score) == approx(value(metric, **replicated))


@pytest.mark.parametrize(
    ("metric", "reference", "column"),
    [
        (RocAUC(), roc_auc_score, "probability"),
        (AveragePrecision(), average_precision_score, "probability"),
        (F1(), f1_score, "decision"),
        (Precision(), precision_score, "decision"),
    ],
    ids=["RocAUC", "AveragePrecision", "F1", "Precision"],
)
def test_values_equal_sklearn_under_weights(
    metric: WeightedMetric, reference: object, column: str
) -> None:
    columns = random_columns(seed=2)
    weights = np.random.default_rng(3).integers(0, 3, 60).astype(float)
    expected = reference(columns["target"], columns[column], sample_weight=weights)
    assert float(metric.score(torch.from_numpy(weights)[None], **columns)[0]) == approx(expected)


def test_a_nan_score_has_no_area() -> None:
    assert math.isnan(value(RocAUC(), probability=[float("nan"), 0.1], target=[1, 0]))


def test_sizes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="batch_size must be >= 1 row, got 0"):
        WholeBatchLoss(0)
    with pytest.raises(ValueError, match="n_bins must be >= 1, got 0"):
        CalibrationError(0)
