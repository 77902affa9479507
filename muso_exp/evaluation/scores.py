"""Scores of a predictor with the samples behind their intervals, and one set against another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.metrics.resampling import percentile_interval

BETTER, NO_BETTER, WORSE = "better than null", "no better than null", "worse than null"
DESCRIBES = "describes"  # a metric of which neither more nor less is better
VERSUS_NULL = "versus_null/"  # before a metric's name: samples of its difference to the best null
_BLOCK = 50  # resamples scored at once: bounds the memory of sorting metrics


@dataclass(frozen=True)
class Scores:
    """A predictor's metrics: the values, and the samples of a bootstrap over the same units."""

    values: dict[str, float]
    samples: dict[str, Tensor]

    def interval(self, metric: str) -> tuple[float, float]:
        """Return the 95 % interval of a metric."""
        return percentile_interval(self.samples[metric])


def score(metrics: MetricCollection, columns: Mapping[str, Tensor], weights: Tensor) -> Scores:
    """Score prediction columns by every metric.

    Args:
        metrics: of the data set, without prefix.
        columns: prediction columns and `target`, first dimension n_rows.
        weights: of the bootstrap, shape (n_resamples, n_rows).

    Source: Efron and Tibshirani 1993, chapter 10, for the correction of bias. Deviation: none.
    """
    n_rows = weights.shape[1]
    ones = torch.ones(1, n_rows, dtype=torch.float64)
    values, samples = {}, {}
    for name, metric in metrics.items():
        with _named(str(name), metric):
            read = {key: columns[key] for key in metric.fields}  # type: ignore[union-attr]
            values[name] = float(metric.score(ones, **read)[0])  # type: ignore[operator]
            blocks = [metric.score(part, **read) for part in weights.split(_BLOCK)]  # type: ignore[operator]
            samples[name] = torch.cat(blocks)
        if metric.biased_by_repeats:
            samples[name] += values[name] - samples[name].nanmean()
    return Scores(values, samples)


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


def beats(difference: Tensor, higher_is_better: bool | None) -> str:
    """Return the verdict on samples (n_resamples,) of a paired difference to a null model."""
    if higher_is_better is None:
        return DESCRIBES
    low, high = percentile_interval(difference if higher_is_better else -difference)
    if low > 0:
        return BETTER
    return WORSE if high < 0 else NO_BETTER


def best_null(nulls: Mapping[str, Scores], metric: str, higher_is_better: bool | None) -> str:
    """Return the name of the null model that scores best by a metric; the first of equals."""
    sign = -1 if higher_is_better is False else 1
    return max(nulls, key=lambda name: _rank(sign * nulls[name].values[metric]))


def _rank(value: float) -> float:
    return -math.inf if math.isnan(value) else value
