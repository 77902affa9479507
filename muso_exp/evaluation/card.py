"""The paper card: what the paper reports, what we measured, what nothing scores, a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from muso_exp.errors import ConfigError
from muso_exp.evaluation.scores import (
    Paired,
    Scores,
    beside_nulls,
    judge,
    paired,
)
from muso_exp.evaluation.verdicts import (
    MODEL,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
)


@dataclass(frozen=True)
class Claim:
    """A number in a paper.

    Attributes:
        source: section or table of the paper.
        metric: name of the metric that it is a value of.
        reported: the value, or None where the paper states none.
        of: whose value it is: "model", or the name of a null model.
        condition: what it holds under, in words.
        incomparable: why our value is none of the same quantity, whatever the data; "" if it is.
    """

    source: str
    metric: str
    reported: float | None = None
    of: str = MODEL
    condition: str = ""
    incomparable: str = ""


@dataclass(frozen=True)
class Situation:
    """What decides whether a claim can be tested by this run.

    Attributes:
        simulated: whether the data come from the simulated world.
        published: whether they are the paper's very data.
        scale: smoke, desk or paper.
        absent: metrics that these data cannot show, and why.
        changed: settings that differ from the experiment's, e.g. on the command line.
        other_test: settings of the data that differ from those of `scale=paper`: what a null model
            scores depends on these alone.
        stated: whether it is the user who says that the data are the paper's.
    """

    simulated: bool
    published: bool
    scale: str
    absent: Mapping[str, str] = field(default_factory=dict)
    changed: Sequence[str] = ()
    other_test: Sequence[str] = ()
    stated: bool = False

    def lacks(self, metric: str, scored: Iterable[str]) -> str:
        """Return why this run does not show a metric, "" if it does or if no reason is known."""
        if metric in self.absent:
            return self.absent[metric]
        changed = self.changed if metric not in scored else ()
        return f"left out by {', '.join(changed)}" if changed else ""


@dataclass
class Card:
    """The paper card of one run; `rows` are the claims, `versus` the metrics against the nulls."""

    document: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    versus: list[dict[str, Any]] = field(default_factory=list)


def make_card(
    document: str,
    claims: Sequence[Claim],
    model: Scores,
    nulls: Mapping[str, Scores],
    directions: Mapping[str, bool | None],
    situation: Situation,
) -> Card:
    """Set the claims and the null models beside what was measured.

    Args:
        document: title of the paper.
        claims: its numbers.
        model: scores of the trained model on the test set.
        nulls: scores of the null models on the same rows and resamples.
        directions: metric name -> whether higher is better, None if it only describes.
        situation: data and scale of this run.

    Raises:
        ConfigError: a claim names a metric or a predictor that the task does not have.
    """
    predictors = {MODEL: model, **nulls}
    card = Card(document)
    for name, higher in directions.items():
        card.versus.append(_versus(name, model, nulls, higher))
    for claim in claims:
        lacks = situation.lacks(claim.metric, directions)
        if lacks:
            card.rows.append(_absent_row(claim, lacks))
            continue
        _check(claim, predictors, directions)
        card.rows.append(_row(claim, predictors, nulls, directions[claim.metric], situation))
    return card


def _versus(
    metric: str, model: Scores, nulls: Mapping[str, Scores], higher: bool | None
) -> dict[str, Any]:
    pairs = beside_nulls(model, nulls, metric, higher)
    verdict = judge(pairs, higher)
    best = verdict.best
    return {
        "metric": metric,
        "measured": model.values[metric],
        "interval": model.interval(metric),
        "best_null": best.null if best else "",
        "null_value": nulls[best.null].values[metric] if best else None,
        "difference": best.difference if best else None,
        "difference_interval": best.interval if best else None,
        "verdict": verdict.text,
        "because_of": verdict.because_of,
        "could_show": verdict.could_show,
        "beside_nulls": {pair.null: _beside(pair) for pair in pairs},
        "higher_is_better": higher,
    }


def _beside(pair: Paired) -> dict[str, Any]:
    return {
        "difference": pair.difference,
        "interval": pair.interval,
        "verdict": pair.verdict,
    }


def _row(
    claim: Claim,
    predictors: Mapping[str, Scores],
    nulls: Mapping[str, Scores],
    higher: bool | None,
    situation: Situation,
) -> dict[str, Any]:
    scores, metric = predictors[claim.of], claim.metric
    interval = scores.interval(metric)
    verdict, reason = _verdict(claim, interval, situation)
    best = judge(beside_nulls(predictors[MODEL], nulls, metric, higher), higher).best
    null = nulls[best.null] if best else None
    return {
        **asdict(claim),
        "measured": scores.values[metric],
        "interval": interval,
        "verdict": verdict,
        "reason": reason,
        "best_null": best.null if best else "",
        "null_value": null.values[metric] if null else None,
        "null_interval": null.interval(metric) if null else None,
        "reported_vs_null": _reported_vs_nulls(claim, nulls, higher, situation),
    }


def _absent_row(claim: Claim, reason: str) -> dict[str, Any]:
    """Return the row of a claim about something that the data do not have."""
    unknown = dict.fromkeys(
        ("measured", "interval", "null_value", "null_interval", "reported_vs_null")
    )
    known = {"verdict": NOT_TESTABLE, "reason": reason, "best_null": ""}
    return {**asdict(claim), **unknown, **known}


def _verdict(claim: Claim, interval: tuple[float, float], situation: Situation) -> tuple[str, str]:
    if claim.reported is None:
        return NOT_TESTABLE, "the paper states no number"
    if claim.incomparable:
        return NOT_COMPARABLE, claim.incomparable
    if situation.simulated:
        return NOT_COMPARABLE, "simulated data"
    if not situation.published:
        return NOT_COMPARABLE, "other data than the paper's"
    why_not = _other_run(claim, situation)
    if why_not:
        return NOT_COMPARABLE, why_not
    low, high = interval
    inside = low <= claim.reported <= high
    said = "; the data are the paper's as stated" if situation.stated else ""
    place = "inside" if inside else "outside"
    reason = f"the reported value lies {place} the 95 % interval{said}"
    return (REPRODUCED if inside else NOT_REPRODUCED), reason


def _other_run(claim: Claim, situation: Situation) -> str:
    """Return why a claim is not of this run, "" if it is.

    What a null model scores depends on the test alone, on no model and no scale of its training.
    """
    if claim.of != MODEL:
        other = ", ".join(situation.other_test)
        return f"another test: {other}" if other else ""
    if situation.scale != "paper":
        return f"scale {situation.scale}, not paper"
    changed = ", ".join(situation.changed)
    return f"settings changed: {changed}" if changed else ""


def _reported_vs_nulls(
    claim: Claim, nulls: Mapping[str, Scores], higher: bool | None, situation: Situation
) -> str | None:
    """Return whether the reported value is more than nothing, where its own test is at hand.

    It is taken as exact, for a paper gives no samples of it.
    """
    own_test = situation.published and not situation.changed and not claim.incomparable
    if claim.reported is None or claim.of != MODEL or not own_test:
        return None
    reported, metric = claim.reported, claim.metric
    pairs = [
        paired(name, reported - null.values[metric], reported - null.samples[metric], higher)
        for name, null in nulls.items()
        if not math.isnan(null.values[metric])
    ]
    return judge(pairs, higher).text


def check_metrics(claims: Sequence[Claim], metrics: Iterable[str]) -> None:
    """Raise ConfigError if a claim names a metric that the task does not have."""
    known = list(metrics)
    for claim in claims:
        check_metric("paper.claims", claim.metric, known)


def check_metric(key: str, name: str, known: Sequence[str]) -> None:
    """Raise ConfigError if a key of the configuration names a metric that the task lacks."""
    if name not in known:
        raise ConfigError(f"{key}: no metric {name!r} in this task; it has {', '.join(known)}")


def _check(claim: Claim, predictors: Mapping[str, Scores], directions: Iterable[str]) -> None:
    check_metrics([claim], directions)
    if claim.of not in predictors:
        known = ", ".join(predictors)
        raise ConfigError(f"paper.claims: nothing named {claim.of!r} was scored; there are {known}")


def finite(record: Any) -> Any:
    """Return `record` with every NaN and infinity as None, so that JSON stays JSON."""
    if isinstance(record, Mapping):
        return {key: finite(value) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [finite(value) for value in record]
    if isinstance(record, float) and not math.isfinite(record):
        return None
    return record
