"""Settings against each other: which differ in a test, and how a metric goes with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import torch

from muso_exp.errors import ConfigError
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.several import holm, p_value
from muso_exp.figures.comparing import (
    are_numbers,
    by_param_figure,
    critical_difference_figure,
    interaction_figure,
)
from muso_exp.metrics.resampling import RESAMPLING_SEED, interval_around
from muso_exp.records import Section

LEVEL = 0.05
_MOST = 6  # settings that are drawn
_NAMES = 20  # of values on an axis, at most
_ALIKE = ("seed", "dataset.seed")  # no setting to choose


def comparison_sections(
    settings: Mapping[str, Sequence[Finished]], metric: str, by: Sequence[str] = ()
) -> Iterator[Section]:
    """Yield the figures of a comparison by one metric.

    Args:
        settings: the runs of each, by its name: those that differ in seed alone.
        metric: that all of them have.
        by: settings to draw it by; none: those that differ among the runs.
    """
    runs = [run for group in settings.values() for run in group if metric in run.samples]
    diagram = _critical_difference(settings, metric)
    if diagram is not None:
        yield diagram
    keys = list(by) or [key for key in differing(runs) if _can_be_drawn(runs, key)][:_MOST]
    values = np.array([_number(run.record["metrics"][metric]) for run in runs])
    ends = [run.record["intervals"][metric] for run in runs]
    intervals = np.array([[_number(end) for end in pair] for pair in ends]).reshape(-1, 2)
    at = {key: [(run.record.get("settings") or {}).get(key) for run in runs] for key in keys}
    for key in keys:
        figure = partial(by_param_figure, key, at[key], values, intervals, metric)
        text = "A point per run with its 95 % interval; the line goes through the means."
        yield Section(f"by_{key}", f"{metric} by {key}", text, figure=figure)
    for one, other in list(combinations(keys, 2))[:_MOST]:
        if len({*zip(map(str, at[one]), map(str, at[other]), strict=True)}) > max(
            len(set(map(str, at[one]))), len(set(map(str, at[other])))
        ):
            figure = partial(interaction_figure, (one, other), (at[one], at[other]), values, metric)
            text = "The mean of the runs of each pair; an empty cell has none."
            yield Section(f"{one}_{other}", f"{metric} by {one} and {other}", text, figure=figure)


def require_settings(runs: Sequence[Finished], keys: Sequence[str]) -> None:
    """Raise ConfigError for a key that is a setting of none of the runs."""
    known = {key for run in runs for key in run.record.get("settings") or {}}
    for key in keys:
        if key not in known:
            near = get_close_matches(key, known, n=3)
            hint = f"; near are {', '.join(near)}" if near else ""
            raise ConfigError(f"--by {key}: no setting of these runs{hint}")


def differing(runs: Sequence[Finished]) -> list[str]:
    """Return the settings that differ among runs, seeds left out; not those of older runs."""
    settings: list[dict[str, Any]] = [run.record.get("settings") or {} for run in runs]
    keys = list(dict.fromkeys(key for one in settings for key in one))
    return [
        key
        for key in keys
        if key not in _ALIKE
        and not key.endswith("._target_")
        and all(key in one for one in settings)
        and len({str(one[key]) for one in settings}) > 1
    ]


def _can_be_drawn(runs: Sequence[Finished], key: str) -> bool:
    """Return whether an axis has room for the values of a setting: names take more than numbers."""
    values = [run.record["settings"][key] for run in runs]
    return are_numbers(values) or len({str(value) for value in values}) <= _NAMES


def indistinct(samples: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """Return the first and last place of each group of neighbours that no test separates.

    Every pair is compared on the same resamples, and the p-values are corrected for the number of
    pairs (Holm). A group is one of which no pair is separated; none lies within another.

    Args:
        samples: of the bootstrap, of each setting in the order of its value, (n_resamples,) each.
    """
    pairs = list(combinations(range(len(samples)), 2))
    corrected = holm([p_value(samples[one] - samples[other]) for one, other in pairs])
    apart = {pair: p is not None and p < LEVEL for pair, p in zip(pairs, corrected, strict=True)}
    groups: list[tuple[int, int]] = []
    for first in range(len(samples)):
        last = first
        while last + 1 < len(samples) and not any(
            apart[place, last + 1] for place in range(first, last + 1)
        ):
            last += 1
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def _critical_difference(settings: Mapping[str, Sequence[Finished]], metric: str) -> Section | None:
    """Return which settings a test separates; None if they are fewer than 3 or unpaired.

    Over seeds the samples of a setting are the mean of those of its runs.
    """
    having = {name: [run for run in group if metric in run.samples] for name, group in
              settings.items()}  # fmt: skip
    having = {name: group for name, group in having.items() if group}
    tested = {tuple(_tested_on(run, metric) for run in group) for group in having.values()}
    if len(having) < 3 or len(tested) > 1:
        return None
    samples = {
        name: np.mean([run.samples[metric].to_numpy() for run in group], axis=0)
        for name, group in having.items()
    }
    values = {
        name: float(np.mean([_number(run.record["metrics"][metric]) for run in group]))
        for name, group in having.items()
    }
    names = sorted(values, key=lambda name: values[name])
    if not np.isfinite([values[name] for name in names]).all():
        return None
    groups = indistinct([samples[name] for name in names])
    measured = np.array([values[name] for name in names])
    text = (
        f"A bar joins settings that this test does not separate: of none of its pairs is the "
        f"paired difference away from 0, at {LEVEL:g} over all pairs (Holm)."
    )
    figure = partial(critical_difference_figure, names, measured, groups, metric)
    title = f"Which settings {metric} separates"
    return Section("critical_difference", title, text, figure=figure)


def _tested_on(run: Finished, metric: str) -> str:
    return str(run.record["test_units"].get(metric))


def bayesian(
    runs: Sequence[Finished], labels: Sequence[str], metrics: Sequence[str], rope: float
) -> pd.DataFrame:
    """Return how likely each run is more, about as much, or less than the first by each metric.

    The resamples of the paired difference stand for its posterior under a prior that says nothing
    (the Bayesian bootstrap, Rubin, Annals of Statistics 9, 1981).

    Args:
        runs: the first one is the reference.
        labels: their names.
        metrics: names.
        rope: half the region of practical equivalence, in the metric's own unit.
    """
    rows = []
    for metric in metrics:
        for run, label in zip(runs[1:], labels[1:], strict=True):
            both = metric in run.samples and metric in runs[0].samples
            if not both or _tested_on(run, metric) != _tested_on(runs[0], metric):
                continue
            difference = run.samples[metric].to_numpy() - runs[0].samples[metric].to_numpy()
            known = difference[np.isfinite(difference)]
            if len(known) == 0:
                continue
            row = {"metric": metric, "run": label, "seed": run.record["seed"]}
            row |= {"more": float(np.mean(known > rope))}
            row |= {"about as much": float(np.mean(np.abs(known) <= rope))}
            rows.append(row | {"less": float(np.mean(known < -rope))})
    return pd.DataFrame(rows)


def unpaired(
    runs: Sequence[Finished], labels: Sequence[str], metrics: Sequence[str]
) -> pd.DataFrame:
    """Return the difference to the first of runs that were tested on other rows of such data.

    Their samples are put into another order, so that no resample is of both: the interval is that
    of two independent tests, and wider than a paired one.

    Args:
        runs: the first one is the reference.
        labels: their names.
        metrics: names.
    """
    first, rows = runs[0], []
    rng = np.random.default_rng(RESAMPLING_SEED)
    for metric in metrics:
        own: list[dict[str, Any]] = []
        for run, label in zip(runs[1:], labels[1:], strict=True):
            both = metric in run.samples and metric in first.samples
            of_one = run.record["data"]["name"] == first.record["data"]["name"]
            if not both or not of_one or _tested_on(run, metric) == _tested_on(first, metric):
                continue
            values = [_number(one.record["metrics"][metric]) for one in (run, first)]
            others = rng.permutation(first.samples[metric].to_numpy())
            samples = run.samples[metric].to_numpy() - others
            low, high = interval_around(values[0] - values[1], torch.from_numpy(samples))
            row = {"metric": metric, "run": label, "seed": run.record["seed"]}
            row |= {"difference": values[0] - values[1], "low": low, "high": high}
            own.append(row | {"p": p_value(samples)})
        corrected = holm([row["p"] for row in own])
        rows += [row | {"p (Holm)": p} for row, p in zip(own, corrected, strict=True)]
    return pd.DataFrame(rows)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
