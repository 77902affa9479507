"""What a finished run leaves: scores, nulls, intervals, card, audit, predictions, report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.evaluation import card as paper
from muso_exp.evaluation import scores as scoring
from muso_exp.evaluation.answers import constant_answers, require_finite
from muso_exp.evaluation.report import write_record, write_report
from muso_exp.evaluation.verdicts import VERSUS_NULL
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.resampling import Bootstrap, few_units_factor
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, NotAnsweredError, ScoredRows, Task
from muso_exp.training.finite import remedy

LARGE = 2**27  # bytes of arrays that are written as they stand


@dataclass(frozen=True)
class Facts:
    """What a run knows besides what its model answers.

    Attributes:
        document: title of the paper.
        claims: of the paper.
        data: name, simulated, published, stated, fingerprint of the data set.
        scale: smoke, desk or paper.
        resamples: bootstrap samples behind each interval.
        changed: settings that differ from the experiment's.
        run: what metrics.json keeps of the run beside its scores: experiment, seed, ...
        seconds: of each phase before the evaluation.
        other_test: settings of the data that differ from those of `scale=paper`.
    """

    document: str
    claims: Sequence[paper.Claim]
    data: Mapping[str, Any]
    scale: str
    resamples: int
    changed: Sequence[str]
    run: Mapping[str, Any]
    seconds: Mapping[str, float]
    other_test: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """Everything that a run concluded, in memory; `write` puts it into the run folder."""

    record: dict[str, Any]
    card: paper.Card
    audit: Sequence[Finding]
    predictions: pd.DataFrame
    samples: pd.DataFrame
    sections: Sequence[Section]

    @property
    def metrics(self) -> dict[str, float]:
        """Return the model's test metrics, by name."""
        return self.record["metrics"]

    def write(self, folder: Path, config_yaml: str) -> None:
        """Write predictions, figures, report; metrics.json last: it says that all is there."""
        self.predictions.to_parquet(folder / "predictions.parquet", index=False)
        self.samples.to_parquet(folder / "samples.parquet", index=False)
        for section in self.sections:
            if section.arrays:
                size = sum(array.nbytes for array in section.arrays.values())
                save = np.savez if size > LARGE else np.savez_compressed  # factors hardly shrink
                save(folder / f"{section.name}.npz", **dict(section.arrays))  # type: ignore[arg-type]
        write_report(folder, self.record, self.card, self.audit, self.sections, config_yaml)
        write_record(folder / "metrics.json", self.record)


def conclude(
    task: Task,
    model: Any,
    columns: Columns,
    facts: Facts,
    extra_metrics: Mapping[str, WeightedMetric] | None = None,
    before: Sequence[Section] = (),
) -> Outcome:
    """Score model and nulls on the same resamples of the test rows and fill the paper card.

    Args:
        task: of the data set.
        model: the trained model, its best weights loaded.
        columns: its prediction columns, first dimension n_rows, in row order.
        facts: what the run knows of itself.
        extra_metrics: of the user's own, by name, of the test rows of the task.
        before: sections of the report that come before the task's own.
    """
    started = time.monotonic()
    bootstrap = Bootstrap(facts.resamples)
    tested = _test(task, columns, bootstrap, remedy(model), extra_metrics or {})
    absent: dict[str, str] = {}
    further: list[Section] = []
    for extra in task.extra:
        try:
            own = Answer(model, extra.ask(model), bootstrap)
            tested = _join(tested, _test(extra, own.columns, bootstrap, remedy(model)))
            further += extra.sections(own)
        except NotAnsweredError as reason:
            absent |= {str(name): str(reason) for name in extra.metrics()}
    tested = _lead(tested, facts.run.get("headline", ()))
    card = _card(facts, tested, absent)
    answer = Answer(model, columns, bootstrap)
    predictions, audit = task.predictions(columns), [*tested.findings, *task.audit(answer)]
    sections = [*before, *task.sections(predictions, answer), *further]
    seconds = {**facts.seconds, "evaluate": time.monotonic() - started}
    record = _record(task, facts, tested, card, audit, seconds)
    return Outcome(record, card, audit, predictions, _samples(tested), sections)


def judge(task: Task, columns: Columns, facts: Facts) -> Outcome:
    """Score predictions that no model of this program made, beside the task's null models.

    What only a model could show (its audit, its figures, further tests) is left out.

    Args:
        task: of the data set.
        columns: prediction columns, first dimension n_rows, in row order.
        facts: of the run on whose test rows they are.
    """
    started = time.monotonic()
    tested = _test(task, columns, Bootstrap(facts.resamples), "make them anew")
    reason = "a further test of the model itself; these are predictions alone"
    absent = {str(name): reason for extra in task.extra for name in extra.metrics()}
    tested = _lead(tested, facts.run.get("headline", ()))
    card = _card(facts, tested, absent)
    seconds = {"evaluate": time.monotonic() - started}
    record = _record(task, facts, tested, card, tested.findings, seconds)
    predictions = task.predictions(columns)
    return Outcome(record, card, tested.findings, predictions, _samples(tested), [])


def _record(
    task: Task,
    facts: Facts,
    tested: _Tested,
    card: paper.Card,
    audit: Sequence[Finding],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Return what metrics.json holds, as far as scoring knows it."""
    return {
        **facts.run,
        "data": dict(facts.data),
        "scale": facts.scale,
        **_scored(tested, card),
        "n": task.counts(),
        "audit": [asdict(finding) for finding in audit],
        "seconds": dict(seconds),
    }


def _card(facts: Facts, tested: _Tested, absent: Mapping[str, str]) -> paper.Card:
    """Return the paper card of what was scored."""
    data = facts.data
    situation = paper.Situation(
        data["simulated"],
        data["published"],
        facts.scale,
        absent,
        facts.changed,
        facts.other_test,
        data["stated"],
    )
    scores, nulls = tested.scores, tested.nulls
    card = paper.make_card(facts.document, facts.claims, scores, nulls, tested.higher, situation)
    for row in card.versus:
        row["bounds"] = tested.bounds[row["metric"]]
    return card


def try_metrics(task: Task, extra: Mapping[str, WeightedMetric]) -> None:
    """Score the null models once, so that a metric of the user's own that fails costs no training.

    Args:
        task: of the data set.
        extra: metrics of the user's own, by name.

    Raises:
        ConfigError: one has the name of another metric, or its formula fails.
    """
    for name in set(extra) & set(map(str, task.metrics())):
        raise ConfigError(f"metrics.extra.{name}: the task has a metric {name}; rename yours")
    metrics = MetricCollection(dict(extra), compute_groups=False)
    once = torch.ones(1, len(task.target), dtype=torch.float64)
    for columns in task.null_columns.values():
        scoring.score(metrics, {**columns, "target": task.target}, once)


@dataclass(frozen=True)
class _Tested:
    """Scores of model and nulls; by metric, which way is better, the units' hash, and the range.

    Attributes:
        findings: what is to be said of the answers.
    """

    scores: scoring.Scores
    nulls: dict[str, scoring.Scores]
    higher: dict[str, bool | None]
    units: dict[str, str]
    bounds: dict[str, tuple[float, float]]
    findings: list[Finding]


def _test(
    rows: ScoredRows,
    columns: Columns,
    bootstrap: Bootstrap,
    fix: str,
    extra: Mapping[str, WeightedMetric] | None = None,
) -> _Tested:
    weights, metrics, nulls = bootstrap.weights(rows.units), rows.metrics(), rows.null_columns
    drawn = rows.drawn_items(bootstrap.resamples)
    widening = few_units_factor(len(np.unique(rows.units)))
    require_finite(columns, nulls, fix)
    for name, metric in (extra or {}).items():
        metrics.add_metrics({name: metric})
    scores, *by_null = (
        scoring.score(metrics, {**columns, "target": rows.target}, weights, drawn, widening)
        for columns in (columns, *nulls.values())
    )
    higher = {name: metric.higher_is_better for name, metric in metrics.items()}
    units = hashlib.sha256(np.unique(rows.units).tobytes()).hexdigest()[:16]
    by_name = dict(zip(nulls, by_null, strict=True))
    findings = constant_answers(columns, nulls)
    bounds: dict[str, Any] = {str(name): metric.bounds for name, metric in metrics.items()}
    return _Tested(scores, by_name, higher, dict.fromkeys(higher, units), bounds, findings)


def _join(one: _Tested, two: _Tested) -> _Tested:
    """Put two tasks together; a null model that only one of them has scores NaN in the other."""
    names = [*one.nulls, *(name for name in two.nulls if name not in one.nulls)]
    first, second = scoring.nothing(one.nulls), scoring.nothing(two.nulls)
    return _Tested(
        scoring.merge(one.scores, two.scores),
        {n: scoring.merge(one.nulls.get(n, first), two.nulls.get(n, second)) for n in names},
        one.higher | two.higher,
        one.units | two.units,
        one.bounds | two.bounds,
        one.findings + two.findings,
    )


def _lead(tested: _Tested, headline: Sequence[str]) -> _Tested:
    """Put the metrics of the headline first, wherever metrics are listed."""
    order = dict.fromkeys([name for name in headline if name in tested.higher])
    names = [*order, *(name for name in tested.higher if name not in order)]
    values = {name: tested.scores.values[name] for name in names}
    scores = scoring.Scores(values, {name: tested.scores.samples[name] for name in names})
    return replace(tested, scores=scores, higher={name: tested.higher[name] for name in names})


def _samples(tested: _Tested) -> pd.DataFrame:
    """Return the bootstrap samples of each metric, and of its difference to each null model."""
    own = tested.scores.samples
    columns = {name: sample.numpy() for name, sample in own.items()}
    for null, scores in tested.nulls.items():
        for name, sample in scores.samples.items():
            if not np.isnan(scores.values[name]):  # one that this metric's test does not have
                columns[f"{VERSUS_NULL}{name}/{null}"] = (own[name] - sample).numpy()
    return pd.DataFrame(columns)


def _scored(tested: _Tested, card: paper.Card) -> dict[str, Any]:
    """Return what metrics.json keeps of the scores."""
    scores = tested.scores
    return {
        "metrics": scores.values,
        "nulls": {name: null.values for name, null in tested.nulls.items()},
        "intervals": {name: scores.interval(name) for name in scores.values},
        "claims": card.rows,
        "versus": card.versus,
        "beats_null": {row["metric"]: row["verdict"] for row in card.versus},
        "test_units": tested.units,
    }
