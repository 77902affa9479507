"""Scores of a predictor with the samples behind their intervals, and one set against another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.evaluation.verdicts import BETTER, DESCRIBES, NO_BETTER, WORSE
from muso_exp.metrics.base import RowMean, WeightedMetric, row_means
from muso_exp.metrics.drawn_items import DrawnItems
from muso_exp.metrics.resampling import interval_around

_BLOCK = 50  # resamples scored at once, at least
_CELLS = 2**21  # weights scored at once where so many are more: bounds the memory of metrics


@dataclass(frozen=True)
class Scores:
    """A predictor's metrics: the values, and the samples of a bootstrap over the same units."""

    values: dict[str, float]
    samples: dict[str, Tensor]

    def interval(self, metric: str) -> tuple[float, float]:
        """Return the 95 % interval of a metric; it holds the value."""
        return interval_around(self.values[metric], self.samples[metric])


@dataclass(frozen=True)
class Paired:
    """A predictor beside one null model by one metric, on the same resamples.

    Attributes:
        null: name of the null model.
        difference: the predictor's value less the null model's.
        interval: 95 % interval of the difference.
        verdict: against this null model alone.
    """

    null: str
    difference: float
    interval: tuple[float, float]
    verdict: str


@dataclass(frozen=True)
class Verdict:
    """Whether a predictor is more than nothing by one metric.

    Attributes:
        text: better than every null model, worse than some, neither, or that the metric describes.
        because_of: the null models that it is worse than; else those that it is not better than.
        best: beside the null model that scores best; None where there is none to compare with, and
            of a metric that describes.
        could_show: beside `no better than null`, the smallest difference to the best null model
            that this test could have shown: a model that is so much better than measured leaves 0
            below its paired interval to every null model. Never less than the difference that was
            measured. None where both answer alike, and how they would differ is not known.
    """

    text: str
    because_of: tuple[str, ...] = ()
    best: Paired | None = None
    could_show: float | None = None


def score(
    metrics: MetricCollection,
    columns: Mapping[str, Tensor],
    weights: Tensor,
    drawn: DrawnItems | None = None,
    widening: float = 1.0,
) -> Scores:
    """Score prediction columns by every metric.

    Args:
        metrics: of the data set, without prefix.
        columns: prediction columns and `target`, first dimension n_rows.
        weights: of the bootstrap, shape (n_resamples, n_rows).
        drawn: items that are drawn besides the rows; None: the rows alone.
        widening: of the samples, see `muso_exp.metrics.resampling.few_units_factor`.
    """
    ones = torch.ones(1, weights.shape[1], dtype=torch.float64)
    parts = weights.split(max(_BLOCK, _CELLS // max(weights.shape[1], 1)))
    at_one: dict[str, Tensor] = {}  # (1,) of each metric
    resampled: dict[str, Tensor] = {}  # (n_resamples,)
    means: dict[str, Tensor] = {}  # the rows of those that are a mean of rows
    named = {str(name): metric for name, metric in metrics.items()}
    for name, metric in named.items():
        with _named(name, metric):
            read = {key: columns[key] for key in metric.fields}  # type: ignore[union-attr]
            if isinstance(metric, RowMean):
                means[name] = metric.rows(**read).double()
                continue
            at_one[name] = metric.score(ones, **read)  # type: ignore[operator]
            blocks = [metric.score(part, **read) for part in parts]  # type: ignore[operator]
            resampled[name] = torch.cat(blocks)
    if means:
        rows = torch.stack(list(means.values()), dim=1)  # (n_rows, n_means)
        skips = torch.tensor([named[name].skips_undefined for name in means])
        at_one |= zip(means, row_means(rows, ones, skips).unbind(dim=1), strict=True)
        resampled |= zip(means, row_means(rows, weights, skips).unbind(dim=1), strict=True)
    values = {name: float(at_one[name][0]) for name in named}
    samples = {
        name: _spread(metric, values[name], resampled[name], widening)  # type: ignore[arg-type]
        for name, metric in named.items()
    }
    if drawn is not None:
        own = drawn.of(dict(columns))
        for name, metric in named.items():
            samples[name] = own.moved(metric, samples[name])  # type: ignore[arg-type]
    return Scores(values, samples)


def _spread(metric: WeightedMetric, value: float, samples: Tensor, widening: float) -> Tensor:
    """Return the samples of a metric (n_resamples,) moved back by their bias, and widened."""
    corrected = metric.corrected(value, samples)
    if widening == 1:
        return corrected
    return (value + widening * (corrected - value)).clamp(*metric.bounds)


@contextmanager
def _named(name: str, metric: object) -> Iterator[None]:
    """Name a metric of the user's own whose formula fails; a fault of the program stays one."""
    try:
        yield
    except Exception as error:
        if type(metric).__module__.startswith("muso_exp."):
            raise
        what = f"no column {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"metrics.extra.{name}: its formula failed: {what}") from error


def merge(scores: Scores, more: Scores) -> Scores:
    """Return the scores of two tasks of the same predictor as one."""
    return Scores({**scores.values, **more.values}, {**scores.samples, **more.samples})


def nothing(nulls: Mapping[str, Scores]) -> Scores:
    """Return NaN for every metric of these null models: the scores of one that was not tested."""
    first = next(iter(nulls.values()))
    samples = {name: torch.full_like(sample, torch.nan) for name, sample in first.samples.items()}
    return Scores(dict.fromkeys(first.values, math.nan), samples)


def paired(null: str, difference: float, samples: Tensor, higher_is_better: bool | None) -> Paired:
    """Return a predictor beside a null model.

    Args:
        null: its name.
        difference: the predictor's value less the null model's.
        samples: of the difference, on the same resamples, (n_resamples,).
        higher_is_better: of the metric; None if it describes.
    """
    low, high = interval_around(difference, samples)
    if higher_is_better is None:
        return Paired(null, difference, (low, high), DESCRIBES)
    above, below = (low > 0, high < 0) if higher_is_better else (high < 0, low > 0)
    return Paired(null, difference, (low, high), BETTER if above else WORSE if below else NO_BETTER)


def beside_nulls(
    model: Scores, nulls: Mapping[str, Scores], metric: str, higher_is_better: bool | None
) -> list[Paired]:
    """Return a predictor beside each null model that was tested by a metric."""
    return [
        paired(
            name,
            model.values[metric] - null.values[metric],
            model.samples[metric] - null.samples[metric],
            higher_is_better,
        )
        for name, null in nulls.items()
        if not math.isnan(null.values[metric])
    ]


def judge(pairs: Sequence[Paired], higher_is_better: bool | None) -> Verdict:
    """Return the verdict: better than every null model, worse than some, or neither.

    Args:
        pairs: the predictor beside each null model.
        higher_is_better: of the metric; None if it describes.
    """
    if higher_is_better is None:
        return Verdict(DESCRIBES)  # neither more nor less is better, so that no null is best
    if not pairs:
        return Verdict(NO_BETTER)
    sign = -1 if higher_is_better is False else 1
    best = min(pairs, key=lambda pair: _rank(sign * pair.difference))
    worse = tuple(pair.null for pair in pairs if pair.verdict == WORSE)
    if worse:
        return Verdict(WORSE, worse, best)
    unbeaten = tuple(pair.null for pair in pairs if pair.verdict != BETTER)
    if not unbeaten:
        return Verdict(BETTER, best=best)
    lows = [sign * pair.interval[0 if sign > 0 else 1] for pair in pairs]
    needed = sign * best.difference - min(lows)
    return Verdict(NO_BETTER, unbeaten, best, needed if needed > 0 else None)


def _rank(difference: float) -> float:
    return math.inf if math.isnan(difference) else difference
