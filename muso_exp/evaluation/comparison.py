"""Finished runs beside each other: values with intervals, and paired differences to the first."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from muso_exp.errors import ConfigError
from muso_exp.evaluation.card import data_line
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.scores import VERSUS_NULL, beats
from muso_exp.metrics.resampling import percentile_interval
from muso_exp.text import visible

_ELSEWHERE = ("seed=", "rerun=", "ckpt=", "logger", "paths.", "hydra.")  # no part of a row's name


def comparison_table(
    runs: Sequence[Finished], metrics: Sequence[str] = (), mean: bool = False
) -> pd.DataFrame:
    """Return a row per run and metric, with the paired difference to the first run.

    The difference is paired where both were tested on the same units (users, artists) with as many
    resamples: these then hold the same units. Elsewhere it is left out.

    Args:
        runs: the first one is the reference.
        metrics: names or patterns (`recall_*`), in order, each with a row of every run that has it;
            none means all that the runs have in common.
        mean: whether a last row per metric is the mean over the runs: folds, with disjoint units.

    Raises:
        ConfigError: a metric that no run has; a mean over runs with other numbers of resamples.
    """
    sizes = sorted({len(run.samples) for run in runs})
    if mean and len(sizes) > 1:
        raise ConfigError(
            f"a mean over runs with {sizes[0]} and {sizes[-1]} resamples; give the folds of one "
            "table"
        )
    names = runs[0].record["metrics"]
    common = [name for name in names if all(name in run.samples for run in runs)]
    known = list(dict.fromkeys(name for run in runs for name in run.record["metrics"]))
    unknown = [pattern for pattern in metrics if not fnmatch.filter(known, pattern)]
    chosen = [name for pattern in metrics for name in fnmatch.filter(known, pattern)]
    if not metrics and not common:
        raise ConfigError("these runs have no metric in common; compare runs of one task")
    if unknown:
        raise ConfigError(f"metric {unknown[0]!r} is in no run; common are {', '.join(common)}")
    rows: list[dict[str, Any]] = []
    for name in chosen or common:
        having = [run for run in runs if name in run.samples]
        labels = _labels(having)
        rows += (_row(run, runs[0], name, label) for run, label in zip(having, labels, strict=True))
        rows += [_mean_row(having, name)] if mean else []
    return pd.DataFrame(rows)


def _labels(runs: Sequence[Finished]) -> list[str]:
    """Return what the runs are called; those of one name with what sets them apart."""
    names = [run.record["variant"] or "" for run in runs]
    chosen = [_overrides(run) for run in runs]
    labels = []
    for name, overrides in zip(names, chosen, strict=True):
        like = [set(other) for other, its in zip(chosen, names, strict=True) if its == name]
        own = [item for item in overrides if item not in set.intersection(*like)]
        labels.append(" ".join([name, *own]).strip())
    labels = [label or run.record["experiment"] for label, run in zip(labels, runs, strict=True)]
    keys = [(label, run.record["seed"]) for label, run in zip(labels, runs, strict=True)]
    return [
        label if keys.count(key) == 1 else f"{label} {run.folder.name}"
        for label, key, run in zip(labels, keys, runs, strict=True)
    ]


def _overrides(run: Finished) -> dict[str, None]:
    """Return what the command line set of the task, in order; the seed has a column of its own."""
    items = run.record.get("overrides", [])
    return dict.fromkeys(item for item in items if not item.startswith(_ELSEWHERE))


def _row(run: Finished, first: Finished, metric: str, label: str) -> dict[str, Any]:
    record = run.record
    low, high = record["intervals"][metric]
    versus = _versus(run, metric)
    row = {
        "metric": metric,
        "variant": label,
        "data": data_line(record),
        "seed": record["seed"],
        **_claimed(record, metric),
        "measured": record["metrics"][metric],
        "low": low,
        "high": high,
        "difference": None,
        "difference_low": None,
        "difference_high": None,
        "best_null": versus["null_value"],
        "verdict": versus["verdict"],
        "fit_seconds": record.get("seconds", {}).get("fit"),
        "run": visible(run.folder),
    }
    if run is not first and _paired(run, first, metric):
        difference = run.samples[metric].to_numpy() - first.samples[metric].to_numpy()
        low, high = percentile_interval(torch.from_numpy(np.array(difference)))
        value = _subtract(record["metrics"][metric], first.record["metrics"][metric])
        row |= {"difference": value, "difference_low": low, "difference_high": high}
    return row


def _mean_row(runs: Sequence[Finished], metric: str) -> dict[str, Any]:
    """Return the mean over folds; each fold is compared to its own best null.

    The folds' bootstrap samples are independent, for their units are, so that sample b of the mean
    is the mean of a sample of each fold; the order is drawn anew, for the folds share one seed.
    """
    last = _row(runs[-1], runs[-1], metric, "mean of the folds")
    versus = [_versus(run, metric) for run in runs]
    low, high = percentile_interval(_mean_samples(runs, metric))
    return last | {
        "reported": None,
        "holds": "",
        "run": "",
        "measured": _mean([run.record["metrics"][metric] for run in runs]),
        "low": low,
        "high": high,
        "best_null": _mean([row["null_value"] for row in versus]),
        "verdict": beats(_mean_samples(runs, VERSUS_NULL + metric), versus[0]["higher_is_better"]),
        "fit_seconds": _mean([run.record.get("seconds", {}).get("fit") for run in runs]),
    }


def _mean_samples(runs: Sequence[Finished], column: str) -> torch.Tensor:
    """Return the mean of the folds' bootstrap samples, shape (n_resamples,)."""
    rng = np.random.default_rng(0)
    return torch.from_numpy(
        np.mean([rng.permutation(run.samples[column].to_numpy()) for run in runs], axis=0)
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _versus(run: Finished, metric: str) -> dict[str, Any]:
    """Return how a run stands to its best null by a metric."""
    return next(row for row in run.record["versus"] if row["metric"] == metric)


def _claimed(record: dict[str, Any], metric: str) -> dict[str, Any]:
    """Return what the paper reports for the model of this run, and whether it holds.

    Of several claims the first one counts.
    """
    claims = record.get("claims", [])
    own = [row for row in claims if row["metric"] == metric and row["of"] == "model"]
    if not own or own[0]["reported"] is None:
        return {"reported": None, "holds": ""}
    return {"reported": own[0]["reported"], "holds": own[0]["verdict"]}


def _paired(run: Finished, first: Finished, metric: str) -> bool:
    """Return whether resample b of both runs holds the same units of a metric's test."""
    one, two = (each.record["test_units"].get(metric) for each in (run, first))
    return one == two and len(run.samples) == len(first.samples)


def _subtract(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def spread_over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over seeds, a row per metric and variant.

    Empty where no variant was run with more than one seed.
    """
    groups = table.groupby(["metric", "variant"], sort=False)["measured"]
    spread = groups.agg(["count", "mean", "std"]).reset_index()
    return spread[spread["count"] > 1]
