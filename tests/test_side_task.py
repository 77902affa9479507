"""A second test of the same model: its metrics join the first, with nulls and units of its own."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.evaluation.card import Claim
from muso_exp.evaluation.outcome import Outcome, conclude
from muso_exp.metrics.base import WeightedMetric, weighted_mean
from muso_exp.models.base import Model
from muso_exp.records import Section, SideTask


class Mean(WeightedMetric):
    fields = ("value",)

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        return weighted_mean(columns["value"], weights)


def column(*values: float) -> dict[str, Tensor]:
    return {"value": torch.tensor(values)}


class Data:
    name, simulated, published, fingerprint = "toy", True, False, "f"

    def __init__(self, side: bool) -> None:
        self.side = side

    def metrics(self) -> MetricCollection:
        return MetricCollection({"main": Mean()})

    def nulls(self) -> Mapping[str, Mapping[str, Tensor]]:
        return {"zero": column(0, 0, 0), "both": column(0, 0, 3)}

    def target(self) -> Tensor:
        return torch.zeros(3)

    def units(self) -> np.ndarray:
        return np.arange(3)[:, None]

    def side_task(self, predict: Any) -> SideTask | None:
        nulls = {"both": column(1, 1), "prior": column(2, 2)}
        metrics = MetricCollection({"tags": Mean()})
        task = SideTask(metrics, column(4, 6), torch.zeros(2), np.array([["a"], ["b"]]), nulls)
        return task if self.side else None

    def predictions(self, columns: Mapping[str, Tensor]) -> pd.DataFrame:
        return pd.DataFrame({"value": columns["value"].numpy()})

    def absent(self) -> dict[str, str]:
        return {} if self.side else {"tags": "no tags here"}

    def audit(self) -> list:
        return []

    def counts(self) -> dict[str, int]:
        return {"rows": 3}

    def sections(self, predictions: pd.DataFrame, predict: Any) -> list[Section]:
        return [Section("factors", "Factors", arrays={"ids": np.array([7, 8])})]


def outcome(side: bool) -> Outcome:
    return conclude(Data(side), Model(), column(1, 2, 3), [], "p", "desk", 20)


def test_the_metrics_of_both_tests_stand_side_by_side() -> None:
    record = outcome(side=True).record
    assert record["metrics"] == {"main": 2.0, "tags": 5.0}
    assert set(record["intervals"]) == set(record["beats_null"]) == {"main", "tags"}
    assert record["test_units"]["main"] != record["test_units"]["tags"]


def test_a_null_of_one_test_scores_nothing_in_the_other() -> None:
    nulls = outcome(side=True).record["nulls"]
    assert nulls["both"] == {"main": 1.0, "tags": 1.0}
    assert nulls["zero"]["main"] == 0 and math.isnan(nulls["zero"]["tags"])
    assert math.isnan(nulls["prior"]["main"]) and nulls["prior"]["tags"] == 2


def test_each_metric_is_set_beside_the_best_null_of_its_own_test() -> None:
    versus = {row["metric"]: row for row in outcome(side=True).record["versus"]}
    assert versus["main"]["best_null"] == "both"
    assert versus["tags"]["best_null"] == "prior"
    assert versus["tags"]["difference"] == pytest.approx(3)


def test_without_a_second_test_nothing_is_added() -> None:
    record = outcome(side=False).record
    assert record["metrics"] == {"main": 2.0}
    assert set(record["nulls"]) == {"zero", "both"}


def test_a_claim_about_what_the_data_lack_is_not_testable() -> None:
    claim = Claim("table 5.3", "tags", 0.88)
    row = conclude(Data(side=False), Model(), column(1, 2, 3), [claim], "p", "desk", 20)
    (found,) = row.record["claims"]
    assert (found["verdict"], found["reason"]) == ("not testable", "no tags here")
    assert found["measured"] is None and found["reported"] == 0.88


def test_arrays_of_a_section_are_written_beside_the_report(tmp_path: Any) -> None:
    made = outcome(side=True)
    made.record.update(experiment="toy", seconds={}, seed=0)
    made.write(tmp_path, "a: 1")
    assert np.load(tmp_path / "factors.npz")["ids"].tolist() == [7, 8]
