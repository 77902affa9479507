"""What a finished run leaves: scores, nulls, intervals, card, audit, predictions, report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from muso_exp.evaluation import card as paper
from muso_exp.evaluation import report
from muso_exp.figures import common as plots
from muso_exp.metrics.resampling import RESAMPLING_SEED, bootstrap_weights
from muso_exp.records import Finding, Section, SideTask


@dataclass
class Outcome:
    """Everything that a run concluded, in memory; `write` puts it into the run folder."""

    record: dict[str, Any]
    card: paper.Card
    audit: Sequence[Finding]
    predictions: pd.DataFrame
    samples: pd.DataFrame
    sections: list[Section] = field(default_factory=list)

    @property
    def metrics(self) -> dict[str, float]:
        """Return the model's test metrics, by name."""
        return self.record["metrics"]

    def add_history(self, points: Mapping[str, Sequence[tuple[int, float]]]) -> None:
        """Put the loss over epochs in front of the task's own sections, where there is one."""
        if points:
            figure = plots.loss_figure(points)
            text = "The loss after each epoch, or each sweep of a solver: what it minimises."
            self.sections.insert(0, Section("loss", "Loss over epochs", text, figure=figure))

    def tracked_values(self) -> Iterator[tuple[str, float]]:
        """Yield what the tracker keeps besides the metrics: intervals, nulls, audit."""
        yield from paper.metric_values(self.card)
        for finding in self.audit:
            yield f"audit/{finding.check}", finding.value

    def write(self, folder: Path, config_yaml: str) -> None:
        """Write predictions, figures, report; metrics.json last: it says that all is there."""
        self.predictions.to_parquet(folder / "predictions.parquet", index=False)
        self.samples.to_parquet(folder / "samples.parquet", index=False)
        for section in self.sections:
            if section.arrays:
                np.savez_compressed(folder / f"{section.name}.npz", **dict(section.arrays))  # type: ignore[arg-type]
        report.write_report(folder, self, config_yaml)
        text = json.dumps(paper.finite(self.record), indent=1, ensure_ascii=False)
        partial = folder / ".metrics.json.partial"
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(folder / "metrics.json")


def conclude(
    data: Any,
    model: Any,
    columns: Mapping[str, Tensor],
    claims: Sequence[paper.Claim],
    document: str | None,
    scale: str,
    resamples: int,
    changed: Sequence[str] = (),
) -> Outcome:
    """Score model and nulls on the same resamples of the test set and fill the paper card.

    Args:
        data: the data set (`muso_exp.data.base.ExperimentData`), set up for testing.
        model: the trained model, its best weights loaded.
        columns: the model's prediction columns, first dimension n_rows, in row order.
        claims: of the paper.
        document: title of the paper.
        scale: smoke, desk or paper.
        resamples: bootstrap samples behind each interval.
        changed: settings that differ from the experiment's.
    """
    predict = model.columns
    task = SideTask(data.metrics(), columns, data.target(), data.units(), data.nulls())
    tested = _test(task, resamples)
    side = data.side_task(predict)
    if side is not None:
        tested = _join(tested, _test(side, resamples))
    situation = paper.Situation(data.simulated, data.published, scale, data.absent(), changed)
    scores, nulls = tested.scores, tested.nulls
    card = paper.make_card(document or "", claims, scores, nulls, tested.higher, situation)
    predictions = data.predictions(columns)
    audit = data.audit()
    sections = list(data.sections(predictions, predict))
    record = _record(data, scale, tested, card, audit)
    return Outcome(record, card, audit, predictions, _samples(tested, card), sections)


@dataclass(frozen=True)
class _Tested:
    """Scores of model and nulls; by metric, which way is better and a hash of the units."""

    scores: paper.Scores
    nulls: dict[str, paper.Scores]
    higher: dict[str, bool | None]
    units: dict[str, str]


def _test(task: SideTask, resamples: int) -> _Tested:
    weights = bootstrap_weights(task.units, resamples, RESAMPLING_SEED)
    scores, *nulls = (
        paper.score(task.metrics, {**columns, "target": task.target}, weights)
        for columns in (task.columns, *task.nulls.values())
    )
    higher = {name: metric.higher_is_better for name, metric in task.metrics.items()}
    units = hashlib.sha256(np.unique(task.units).tobytes()).hexdigest()[:16]
    by_name = dict(zip(task.nulls, nulls, strict=True))
    return _Tested(scores, by_name, higher, dict.fromkeys(higher, units))


def _join(one: _Tested, two: _Tested) -> _Tested:
    """Put two tasks together; a null model that only one of them has scores NaN in the other."""
    names = [*one.nulls, *(name for name in two.nulls if name not in one.nulls)]
    first, second = paper.nothing(one.nulls), paper.nothing(two.nulls)
    return _Tested(
        paper.merge(one.scores, two.scores),
        {n: paper.merge(one.nulls.get(n, first), two.nulls.get(n, second)) for n in names},
        one.higher | two.higher,
        one.units | two.units,
    )


def _samples(tested: _Tested, card: paper.Card) -> pd.DataFrame:
    """Return the bootstrap samples of each metric, and of its difference to the best null."""
    own = tested.scores.samples
    columns = {name: sample.numpy() for name, sample in own.items()}
    for row in card.versus:
        name = row["metric"]
        null = tested.nulls[row["best_null"]].samples[name]
        columns[paper.VERSUS_NULL + name] = (own[name] - null).numpy()
    return pd.DataFrame(columns)


def _record(
    data: Any,
    scale: str,
    tested: _Tested,
    card: paper.Card,
    audit: Sequence[Finding],
) -> dict[str, Any]:
    scores = tested.scores
    return {
        "experiment": "",
        "variant": None,
        "data": {
            "name": data.name,
            "simulated": data.simulated,
            "published": data.published,
            "fingerprint": data.fingerprint,
        },
        "scale": scale,
        "seed": 0,
        "metrics": scores.values,
        "nulls": {name: null.values for name, null in tested.nulls.items()},
        "intervals": {name: scores.interval(name) for name in scores.values},
        "claims": card.rows,
        "versus": card.versus,
        "beats_null": {row["metric"]: row["verdict"] for row in card.versus},
        "n": data.counts(),
        "test_units": tested.units,
        "audit": [asdict(finding) for finding in audit],
        "seconds": {},
    }
