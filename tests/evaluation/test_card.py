import math

import numpy as np
import pytest
import torch
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.evaluation import card as paper
from muso_exp.evaluation import scores as scoring
from muso_exp.evaluation.numbers import interval, number
from muso_exp.evaluation.verdicts import data_line
from muso_exp.metrics.classification import CalibrationError
from muso_exp.metrics.ranking import Coverage
from muso_exp.metrics.resampling import bootstrap_weights
from muso_exp.metrics.tags import MacroPrAuc

HIGHER = {"acc": True}
REAL = paper.Situation(simulated=False, published=True, scale="paper")


def scores(value: float, spread: float = 0.1, metric: str = "acc") -> scoring.Scores:
    samples = torch.linspace(value - spread, value + spread, 1001, dtype=torch.float64)
    return scoring.Scores({metric: value}, {metric: samples})


def verdict(
    reported: float | None, situation: paper.Situation, of: str = "model", incomparable: str = ""
) -> dict:
    claim = paper.Claim("table 1", "acc", reported, of, incomparable=incomparable)
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


def test_a_claim_of_the_model_is_tested_at_the_published_scale_alone() -> None:
    desk = paper.Situation(False, True, "desk")
    assert verdict(0.5, desk)["verdict"] == "not comparable"


def test_a_claim_of_a_null_model_depends_on_its_test_alone() -> None:
    desk = paper.Situation(False, True, "desk", changed=["model.lr"])
    assert verdict(0.2, desk, of="guess")["verdict"] == "reproduced"
    assert verdict(0.3, desk, of="guess")["verdict"] == "not reproduced"
    other = paper.Situation(False, True, "desk", other_test=["dataset.label"])
    row = verdict(0.2, other, of="guess")
    assert (row["verdict"], row["reason"]) == ("not comparable", "another test: dataset.label")
    simulated = paper.Situation(True, False, "paper")
    assert verdict(0.2, simulated, of="guess")["verdict"] == "not comparable"


def test_what_rests_on_the_users_word_says_so() -> None:
    stated = paper.Situation(False, True, "paper", stated=True)
    row = verdict(0.5, stated)
    assert row["verdict"] == "reproduced" and row["reason"].endswith("the paper's as stated")
    data = {"name": "mpd", "simulated": False, "published": True, "stated": True}
    line = data_line({"data": data, "scale": "paper"})
    assert line == "the paper's (as stated) data, dataset mpd, scale paper"


def test_a_claim_of_another_quantity_is_not_comparable() -> None:
    row = verdict(0.2, REAL, incomparable="one random draw")
    assert (row["verdict"], row["reason"]) == ("not comparable", "one random draw")
    assert row["reported_vs_null"] is None


def test_repeats_in_a_resample_do_not_move_the_interval_of_average_precision() -> None:
    rng = np.random.default_rng(0)
    columns = {"scores": torch.from_numpy(rng.random((400, 10)))}
    columns["target"] = torch.from_numpy((rng.random((400, 10)) < 0.1).astype(np.float64))
    weights = bootstrap_weights(np.arange(400), 200, seed=0)
    raw = MacroPrAuc().score(weights, **columns)
    metrics = MetricCollection({"pr": MacroPrAuc()}, compute_groups=False)
    found = scoring.score(metrics, columns, weights)
    assert raw.mean() - found.values["pr"] > 0.5 * raw.std()  # noise gains by being repeated
    assert found.samples["pr"].mean().item() == pytest.approx(found.values["pr"])
    assert found.samples["pr"].std().item() == pytest.approx(raw.std().item())


def test_a_metric_that_only_describes_gives_no_verdict() -> None:
    assert scoring.paired("a", 0.15, torch.linspace(0.1, 0.2, 50), None).verdict == "describes"
    found = scoring.judge(scoring.beside_nulls(scores(0.5), {"a": scores(0.1)}, "acc", None), None)
    assert (found.text, found.because_of, found.could_show) == ("describes", (), None)


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
    assert scoring.paired("a", (low + high) / 2, difference, higher).verdict == expected


def beside(*nulls: scoring.Scores, higher: bool = True) -> scoring.Verdict:
    named = dict(zip("abc", nulls, strict=False))
    return scoring.judge(scoring.beside_nulls(scores(0.5, 0.0), named, "acc", higher), higher)


def test_the_best_null_of_an_error_is_the_smallest_and_nan_is_left_out() -> None:
    nulls = (scores(3.0), scores(2.0), scores(math.nan))
    assert beside(*nulls, higher=False).best.null == "b"
    assert beside(*nulls, higher=True).best.null == "a"


def test_better_is_better_than_every_null_by_its_own_interval() -> None:
    sure, unsure = scores(0.4, 0.05), scores(0.1, 0.6)  # the one that scores less is less sure
    assert beside(sure).text == "better than null"
    found = beside(sure, unsure)
    assert (found.text, found.because_of, found.best.null) == ("no better than null", ("b",), "a")


def test_worse_is_worse_than_some_null() -> None:
    found = beside(scores(0.1, 0.0), scores(0.9, 0.1), scores(0.5, 0.2))
    assert (found.text, found.because_of) == ("worse than null", ("b",))


def test_a_model_that_is_better_by_more_than_could_have_shown_is_better_than_null() -> None:
    null = scores(0.48, 0.1)  # 95 % of 0.38 .. 0.58: 0.095 to either side
    found = beside(null)
    assert found.text == "no better than null"
    assert found.could_show == pytest.approx(0.095)
    shifted = scores(0.5 - found.could_show - 1e-6, 0.1)
    assert beside(shifted).text == "better than null"
    assert beside(shifted).could_show is None


@pytest.mark.parametrize("higher", [True, False])
def test_what_could_have_shown_is_never_less_than_what_was_measured(higher: bool) -> None:
    """Of an interval that is longer on one side, and of a null that is less sure than the best."""
    sign = 1 if higher else -1
    skewed = scoring.paired("a", sign * 0.15, sign * torch.tensor([-0.01, 0.15, 0.2]), higher)
    assert scoring.judge([skewed], higher).could_show == pytest.approx(0.16, abs=0.01)
    best = scoring.paired("a", sign * 0.1, sign * torch.tensor([0.05, 0.1, 0.15]), higher)
    unsure = scoring.paired("b", sign * 0.2, sign * torch.tensor([-0.3, 0.2, 0.7]), higher)
    found = scoring.judge([best, unsure], higher)
    assert (found.best.null, found.because_of) == ("a", ("b",))
    assert found.could_show == pytest.approx(0.1 + 0.3, abs=0.04)


def test_what_answers_as_a_null_model_shows_no_width() -> None:
    found = beside(scores(0.5, 0.0))
    assert (found.text, found.could_show) == ("no better than null", None)


def test_a_model_without_a_value_is_no_better() -> None:
    none = scoring.Scores({"acc": math.nan}, {"acc": torch.full((5,), math.nan)})
    pairs = scoring.beside_nulls(
        none, {"a": scoring.Scores({"acc": 0.1}, none.samples)}, "acc", True
    )
    found = scoring.judge(pairs, True)
    assert (found.text, found.could_show) == ("no better than null", None)
    assert scoring.judge([], True).text == "no better than null"


class AlwaysBelow(CalibrationError):
    """A metric whose resamples are all greater than its value, as repeats make them."""

    def score(self, weights: torch.Tensor, **columns: torch.Tensor) -> torch.Tensor:
        repeats = (weights != 1).any(dim=1)
        return 0.01 + repeats * torch.linspace(0.1, 0.9, len(weights), dtype=torch.float64)


def test_corrected_samples_stay_in_the_range_of_the_metric() -> None:
    columns = {"probability": torch.rand(30), "target": torch.ones(30)}
    weights = bootstrap_weights(np.arange(30), 200, seed=0)
    found = scoring.score(MetricCollection({"ece": AlwaysBelow()}), columns, weights)
    low, high = found.interval("ece")
    assert found.samples["ece"].min() == 0 and low >= 0
    assert low <= found.values["ece"] <= high <= 1


@pytest.mark.parametrize("n_users", [3, 40])
def test_a_coverage_of_all_has_no_interval_above_all(n_users: int) -> None:
    top = torch.arange(4).expand(n_users, 4).clone()
    top[0, 0] = 4  # one item that one user alone is shown
    metrics = MetricCollection({"coverage": Coverage(5)})
    weights = bootstrap_weights(np.arange(n_users), 500, seed=0)
    found = scoring.score(metrics, {"top": top}, weights)
    low, high = found.interval("coverage")
    assert found.values["coverage"] == 1
    assert low <= 1 == high


def test_an_interval_holds_its_value() -> None:
    skewed = scoring.Scores({"acc": 0.9}, {"acc": torch.linspace(0.1, 0.5, 100)})
    assert skewed.interval("acc")[1] == 0.9


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


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "-"), (math.nan, "-"), (0.16812, "0.1681"), (665723.4, "665723"), (12.0, "12"),
     (-6.9e-19, "0"), (0.0004006, "0.0004006"), (2e12, "2e+12")],
)  # fmt: skip
def test_a_number_is_written_as_people_read_it(value: float | None, expected: str) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [((0.1612, 0.1748), "[0.161, 0.175]"), ((0.54, 0.7812), "[0.540, 0.781]"),
     ((650123.4, 682456.7), "[650123, 682457]"), ((0.86635, 0.86645), "[0.86635, 0.86645]"),
     ((1.512, 2.743), "[1.51, 2.74]"), ((0.009521, 0.010397), "[0.00952, 0.01040]"),
     ((1.0, 1.0), "[1, 1]"), ((-0.0003, 0.0224), "[-0.0003, 0.0224]"),
     ((-1e-9, 0.2), "[0.0000, 0.2000]"), ((0.0, 0.2), "[0.000, 0.200]"), ((math.nan, 1.0), "-"),
     (None, "-")],
)  # fmt: skip
def test_an_interval_is_as_fine_as_its_width(
    bounds: tuple[float, float] | None, expected: str
) -> None:
    assert interval(bounds) == expected


def test_a_claim_of_a_metric_that_changed_settings_left_out_is_not_testable() -> None:
    claim = paper.Claim("table 1", "map_at_500", 0.5)
    changed = paper.Situation(True, False, "desk", changed=["dataset.cutoffs"])
    row = paper.make_card("p", [claim], scores(0.5), {"a": scores(0.2)}, HIGHER, changed).rows[0]
    assert row["verdict"] == "not testable" and "dataset.cutoffs" in row["reason"]
