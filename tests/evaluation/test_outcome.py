"""What a run concludes: the task, its further tests, metrics of the user's own."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError, DivergedError
from muso_exp.evaluation.card import Claim
from muso_exp.evaluation.outcome import Facts, Outcome, conclude
from muso_exp.metrics.base import WeightedMetric, weighted_mean
from muso_exp.models.base import Model
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, ExtraTask, NotAnsweredError, Task

DATA = {"name": "toy", "simulated": True, "published": False, "stated": False, "fingerprint": "f"}
RUN = {"experiment": "toy", "seed": 0}


class Mean(WeightedMetric):
    fields = ("value",)

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        return weighted_mean(columns["value"], weights)


class Broken(WeightedMetric):
    fields = ("value",)

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        raise ZeroDivisionError("division by zero")


class OfAnotherColumn(Mean):
    fields = ("volume",)


def column(*values: float) -> Columns:
    return {"value": torch.tensor(values)}


class Net(Model):
    lr = 0.5


class Tags(ExtraTask):
    target, units = torch.zeros(2), np.array([["a"], ["b"]])

    def __init__(self, there: bool) -> None:
        self.there = there

    def metrics(self) -> MetricCollection:
        return MetricCollection({"tags": Mean()})

    def nulls(self) -> Mapping[str, Columns]:
        return {"both": column(1, 1), "prior": column(2, 2)}

    def ask(self, model: Any) -> Columns:
        if not self.there:
            raise NotAnsweredError("no tags here")
        return column(4, 6)


class Toy(Task):
    target, units = torch.zeros(3), np.arange(3)[:, None]

    def __init__(self, tags: bool) -> None:
        self.extra = [Tags(tags)]

    def metrics(self) -> MetricCollection:
        return MetricCollection({"main": Mean()})

    def nulls(self) -> Mapping[str, Columns]:
        return {"zero": column(0, 0, 0), "both": column(0, 0, 3)}

    def predictions(self, columns: Columns) -> pd.DataFrame:
        return pd.DataFrame({"value": columns["value"].numpy()})

    def audit(self, answer: Answer) -> list[Finding]:
        return []

    def counts(self) -> dict[str, int]:
        return {"rows": 3}

    def sections(self, table: pd.DataFrame, answer: Answer) -> list[Section]:
        return [Section("factors", "Factors", arrays={"ids": np.array([7, 8])})]


def outcome(
    tags: bool, claims: tuple = (), values: tuple = (1, 2, 3), **extra: WeightedMetric
) -> Outcome:
    facts = Facts("p", claims, DATA, "desk", 20, (), RUN, {})
    return conclude(Toy(tags), Net(), column(*values), facts, extra)


def test_the_metrics_of_both_tests_stand_side_by_side() -> None:
    record = outcome(tags=True).record
    assert record["metrics"] == {"main": 2.0, "tags": 5.0}
    assert set(record["intervals"]) == set(record["beats_null"]) == {"main", "tags"}
    assert record["test_units"]["main"] != record["test_units"]["tags"]


def test_a_null_of_one_test_scores_nothing_in_the_other() -> None:
    nulls = outcome(tags=True).record["nulls"]
    assert nulls["both"] == {"main": 1.0, "tags": 1.0}
    assert nulls["zero"]["main"] == 0 and math.isnan(nulls["zero"]["tags"])
    assert math.isnan(nulls["prior"]["main"]) and nulls["prior"]["tags"] == 2


def test_each_metric_is_set_beside_the_best_null_of_its_own_test() -> None:
    versus = {row["metric"]: row for row in outcome(tags=True).record["versus"]}
    assert versus["main"]["best_null"] == "both"
    assert versus["tags"]["best_null"] == "prior"
    assert versus["tags"]["difference"] == pytest.approx(3)


def test_a_further_test_that_is_not_answered_adds_nothing() -> None:
    record = outcome(tags=False).record
    assert record["metrics"] == {"main": 2.0}
    assert set(record["nulls"]) == {"zero", "both"}


def test_a_claim_about_what_the_data_lack_is_not_testable() -> None:
    (found,) = outcome(tags=False, claims=(Claim("table 5.3", "tags", 0.88),)).record["claims"]
    assert (found["verdict"], found["reason"]) == ("not testable", "no tags here")
    assert found["measured"] is None and found["reported"] == 0.88


def test_a_metric_of_ones_own_is_judged_as_the_tasks() -> None:
    record = outcome(tags=False, own=Mean()).record
    assert record["metrics"]["own"] == record["metrics"]["main"]
    assert record["beats_null"]["own"] == record["beats_null"]["main"]


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (Broken(), r"metrics\.extra\.own: its formula failed: division by zero"),
        (OfAnotherColumn(), r"metrics\.extra\.own: its formula failed: no column 'volume'"),
    ],
)
def test_a_metric_of_ones_own_that_fails_is_named(metric: WeightedMetric, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        outcome(tags=False, own=metric)


def test_arrays_of_a_section_are_written_beside_the_report(tmp_path: Path) -> None:
    outcome(tags=True).write(tmp_path, "a: 1")
    assert np.load(tmp_path / "factors.npz")["ids"].tolist() == [7, 8]


def test_the_samples_beside_each_null_are_kept() -> None:
    found = outcome(tags=True)
    samples, versus = found.samples, {row["metric"]: row for row in found.record["versus"]}
    assert set(versus["main"]["beside_nulls"]) == {"zero", "both"}
    names = {name for name in samples if name.startswith("versus_null/main/")}
    assert names == {"versus_null/main/zero", "versus_null/main/both"}
    assert samples["versus_null/main/zero"].tolist() == samples["main"].tolist()
    assert "versus_null/tags/zero" not in samples


def test_predictions_that_are_not_finite_conclude_nothing() -> None:
    with pytest.raises(DivergedError, match=r"value is not finite in 1 of 3 .*model.lr below 0.5"):
        outcome(tags=False, values=(1, math.nan, 3))


def test_constant_predictions_are_a_warning_of_the_audit() -> None:
    (finding,) = outcome(tags=False, values=(2, 2, 2)).record["audit"]
    assert (finding["check"], finding["level"]) == ("constant_predictions", "warning")
    assert outcome(tags=False).record["audit"] == []
