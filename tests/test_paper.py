import math

import pytest
import torch

from muso_exp import paper
from muso_exp.errors import ConfigError

HIGHER = {"acc": True}
REAL = paper.Situation(simulated=False, published=True, scale="paper")


def scores(value: float, spread: float = 0.1, metric: str = "acc") -> paper.Scores:
    samples = torch.linspace(value - spread, value + spread, 1001, dtype=torch.float64)
    return paper.Scores({metric: value}, {metric: samples})


def verdict(reported: float | None, situation: paper.Situation, of: str = "model") -> dict:
    claim = paper.Claim("table 1", "acc", reported, of)
    nulls = {"guess": scores(0.2, 0.0), "prior": scores(0.1, 0.0)}
    return paper.make_card("p", [claim], scores(0.5), nulls, HIGHER, situation).rows[0]


def test_a_reported_value_inside_the_interval_is_reproduced() -> None:
    assert verdict(0.55, REAL)["verdict"] == "reproduced"


def test_a_reported_value_outside_the_interval_is_not_reproduced() -> None:
    assert verdict(0.7, REAL)["verdict"] == "not reproduced"


@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        (paper.Situation(True, False, "paper"), "simulated data"),
        (paper.Situation(False, False, "paper"), "other data than the paper's"),
        (paper.Situation(False, True, "desk"), "scale desk, not paper"),
        (
            paper.Situation(False, True, "paper", changed=["trainer.max_steps"]),
            "settings changed: trainer.max_steps",
        ),
    ],
)
def test_other_data_or_scale_is_not_comparable(situation: paper.Situation, reason: str) -> None:
    row = verdict(0.5, situation)
    assert (row["verdict"], row["reason"]) == ("not comparable", reason)


def test_a_claim_without_a_number_is_not_testable() -> None:
    assert verdict(None, REAL)["verdict"] == "not testable"


def test_a_claim_on_a_null_model_does_not_depend_on_the_scale() -> None:
    desk = paper.Situation(False, True, "desk")
    assert verdict(0.2, desk, of="guess")["verdict"] == "reproduced"


def test_the_reported_value_is_set_beside_the_best_null_on_the_papers_own_test_set() -> None:
    assert verdict(0.3, REAL)["reported_vs_null"] == "better than null"
    assert verdict(0.1, REAL)["reported_vs_null"] == "worse than null"
    assert verdict(0.3, paper.Situation(False, False, "paper"))["reported_vs_null"] is None
    changed = paper.Situation(False, True, "paper", changed=["dataset.scaling"])
    assert verdict(0.3, changed)["reported_vs_null"] is None  # of another test, maybe


@pytest.mark.parametrize(
    ("low", "high", "higher", "expected"),
    [
        (0.1, 0.3, True, "better than null"),
        (-0.1, 0.3, True, "no better than null"),
        (-0.3, -0.1, True, "worse than null"),
        (-0.3, -0.1, False, "better than null"),
    ],
)
def test_the_paired_difference_decides(
    low: float, high: float, higher: bool, expected: str
) -> None:
    difference = torch.linspace(low, high, 101, dtype=torch.float64)
    assert paper.beats(difference, higher) == expected


def test_the_best_null_of_an_error_is_the_smallest_and_nan_never_wins() -> None:
    nulls = {"a": scores(3.0), "b": scores(2.0), "c": scores(math.nan)}
    assert paper.best_null(nulls, "acc", higher_is_better=False) == "b"
    assert paper.best_null(nulls, "acc", higher_is_better=True) == "a"


def test_an_unknown_metric_in_a_claim_is_named_with_the_known_ones() -> None:
    claim = paper.Claim("table 1", "accc", 0.5)
    with pytest.raises(ConfigError, match="no metric 'accc' in this task; it has acc"):
        paper.make_card("p", [claim], scores(0.5), {"g": scores(0.1)}, HIGHER, REAL)


def test_an_unknown_predictor_in_a_claim_is_refused() -> None:
    claim = paper.Claim("table 1", "acc", 0.5, of="oracle")
    with pytest.raises(ConfigError, match="nothing named 'oracle' was scored; there are model, g"):
        paper.make_card("p", [claim], scores(0.5), {"g": scores(0.1)}, HIGHER, REAL)


def test_json_never_holds_nan() -> None:
    assert paper.finite({"a": [math.nan, (1.0, math.inf)]}) == {"a": [None, [1.0, None]]}
