"""Finished runs beside each other: values with intervals, and paired differences to the first."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from muso_exp.errors import ConfigError
from muso_exp.evaluation.finished import Finished, versus_row
from muso_exp.evaluation.pooling import check_resamples, pooled_row
from muso_exp.evaluation.several import holm, p_value
from muso_exp.evaluation.verdicts import data_line
from muso_exp.metrics.resampling import interval_around
from muso_exp.records import Finding
from muso_exp.text import visible

_FOLD = re.compile(r"(^|\.)fold[_=]\d+$")  # dataset.split.fold=3, or a row called fold_3
OTHER_ROWS = "other test rows: not paired"
_NAMED = 3  # runs that have a metric
# no part of a row's name
_ELSEWHERE = ("seed=", "rerun=", "ckpt=", "logger", "paths.", "hydra.", "+sweep=", "register=")


def comparison_table(
    runs: Sequence[Finished], metrics: Sequence[str] = (), mean: bool = False
) -> pd.DataFrame:
    """Return a row per run and metric, with the paired difference to the first run.

    The difference is paired where both were tested on the same units (users, artists): the same
    resamples then hold the same units. Elsewhere it is left out. `p_holm` is the p-value of the
    difference, corrected for the number of runs that are compared with the first by this metric.

    Args:
        runs: the first one is the reference.
        metrics: names or patterns (`recall_*`), in order, each with a row of every run that has it;
            none means all that the runs have in common.
        mean: whether a last row per metric is the mean over the runs: folds, with disjoint units.

    Raises:
        ConfigError: a metric that no run has; runs with different numbers of resamples.
    """
    names = runs[0].record["metrics"]
    common = [name for name in names if all(name in run.samples for run in runs)]
    known = list(dict.fromkeys(name for run in runs for name in run.record["metrics"]))
    unknown = [pattern for pattern in metrics if not fnmatch.filter(known, pattern)]
    chosen = [name for pattern in metrics for name in fnmatch.filter(known, pattern)]
    if not metrics and not common:
        raise ConfigError("these runs have no metric in common; compare runs of one task")
    if unknown:
        raise ConfigError(f"metric {unknown[0]!r} is in no run; common are {', '.join(common)}")
    check_resamples(runs)
    rows: list[dict[str, Any]] = []
    called = list(zip(runs, row_labels(runs), strict=True))  # a run has one name in all metrics
    for name in chosen or common:
        having = [run for run in runs if name in run.samples]
        own = [_row(run, runs[0], name, label) for run, label in called if name in run.samples]
        corrected = holm([row["p"] for row in own])
        rows += [row | {"p_holm": p} for row, p in zip(own, corrected, strict=True)]
        rows += _mean_rows(having, name) if mean else []
    return pd.DataFrame(rows)


def row_labels(runs: Sequence[Finished]) -> list[str]:
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
        label if keys.count(key) == 1 else f"{label} {_place(run)}"
        for label, key, run in zip(labels, keys, runs, strict=True)
    ]


def by_setting(runs: Sequence[Finished], folds: bool) -> dict[str, list[Finished]]:
    """Return the runs of each setting by its name: those that differ in seed, or fold, alone.

    Args:
        runs: the runs.
        folds: whether they are folds; all are of one setting where nothing names a fold.
    """
    settings: dict[str, list[Finished]] = {}
    for run, label in zip(runs, row_labels(runs), strict=True):
        words = label.removesuffix(f" {_place(run)}").split(" ")
        name = " ".join(word for word in words if not (folds and _FOLD.search(word)))
        settings.setdefault(name or run.record["experiment"], []).append(run)
    if folds and all(len(group) == 1 for group in settings.values()):
        return {runs[0].record["experiment"]: list(runs)}
    return settings


def _place(run: Finished) -> str:
    """Return the name of a run's folder, after its sweep's where it is the number of a job."""
    name = run.folder.name
    return f"{run.folder.parent.name}/{name}" if name.isdecimal() else name


def _overrides(run: Finished) -> dict[str, None]:
    """Return what the command line set of the task, in order; the seed has a column of its own."""
    items = run.record.get("overrides", [])
    return dict.fromkeys(item for item in items if not item.startswith(_ELSEWHERE))


def _row(run: Finished, first: Finished, metric: str, label: str) -> dict[str, Any]:
    record = run.record
    low, high = record["intervals"][metric]
    versus = versus_row(run, metric)
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
        "p": None,
        "p_holm": None,
        "not_paired": _not_paired(run, first, metric),
        "best_null": versus["null_value"],
        "verdict": versus["verdict"],
        "because_of": ", ".join(versus.get("because_of", ())),
        "could_show": versus.get("could_show"),
        "fit_seconds": record.get("seconds", {}).get("fit"),
        "run": visible(run.folder),
    }
    if not row["not_paired"]:
        difference = run.samples[metric].to_numpy() - first.samples[metric].to_numpy()
        value = _subtract(record["metrics"][metric], first.record["metrics"][metric])
        low, high = interval_around(value, torch.from_numpy(np.array(difference)))
        row |= {"difference": value, "difference_low": low, "difference_high": high}
        row["p"] = p_value(np.array(difference))
    return row


def _mean_rows(runs: Sequence[Finished], metric: str) -> list[dict[str, Any]]:
    """Return the mean over folds of each setting as rows of the table."""
    settings = by_setting(runs, folds=True)
    whole = "mean of the folds"
    names = [whole if len(settings) == 1 else f"{name}: {whole}" for name in settings]
    groups = settings.values()
    return [_mean_row(group, metric, name) for name, group in zip(names, groups, strict=True)]


def _mean_row(runs: Sequence[Finished], metric: str, label: str) -> dict[str, Any]:
    last = _row(runs[-1], runs[-1], metric, label)
    pooled = pooled_row(runs, metric, folds=True)
    shown = ("measured", "low", "high", "verdict", "because_of", "could_show")
    return last | {
        "reported": None,
        "holds": "",
        "run": "",
        "not_paired": "a mean of rows",
        **{name: pooled[name] for name in shown},
        "best_null": pooled["null_value"],
        "fit_seconds": _mean([run.record.get("seconds", {}).get("fit") for run in runs]),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _claimed(record: dict[str, Any], metric: str) -> dict[str, Any]:
    """Return what the paper reports for the model of this run, and whether it holds.

    Of several claims the first one counts.
    """
    claims = record.get("claims", [])
    own = [row for row in claims if row["metric"] == metric and row["of"] == "model"]
    if not own or own[0]["reported"] is None:
        return {"reported": None, "holds": ""}
    return {"reported": own[0]["reported"], "holds": own[0]["verdict"]}


def _not_paired(run: Finished, first: Finished, metric: str) -> str:
    """Return why a run has no difference to the first one, "" if it has."""
    if run is first:
        return "the first row"
    if metric not in first.samples:
        return "the first run lacks the metric"
    if _units(run, metric) == _units(first, metric):
        return ""
    if run.record["data"]["name"] != first.record["data"]["name"]:
        return "other data: not paired"
    if run.record["seed"] != first.record["seed"]:
        return f"{OTHER_ROWS}; dataset.seed=0 keeps the data while seed changes"
    return OTHER_ROWS


def lacking(runs: Sequence[Finished], shown: Sequence[str] = ()) -> list[Finding]:
    """Return which metrics not every run has, and in which runs each is.

    Args:
        runs: the runs.
        shown: the metrics of their table where some were asked for; none: what they have in common.
    """
    labels = row_labels(runs)
    known = list(dict.fromkeys(name for run in runs for name in run.record["metrics"]))
    found = []
    for name in [one for one in known if one in shown] if shown else known:
        having = [label for run, label in zip(runs, labels, strict=True) if name in run.samples]
        if len(having) < len(runs):
            named = ", ".join(having[:_NAMED]) + (", ..." if len(having) > _NAMED else "")
            text = f"{name} is only in {named}"
            text += "" if shown else ": not compared unless it is asked for (--metric)"
            found.append(Finding("lacking_metric", len(runs) - len(having), text))
    return found


def figure_labels(rows: pd.DataFrame) -> list[str]:
    """Return what sets rows of a table apart, a row per run: variant, or seed, or both."""
    variants, seeds = rows["variant"].astype(str), rows["seed"].astype(str)
    if seeds.nunique() == 1 or not variants.duplicated().any():
        return variants.tolist()
    if variants.nunique() == 1:
        return [f"seed {seed}" for seed in seeds]
    return [f"{variant}, seed {seed}" for variant, seed in zip(variants, seeds, strict=True)]


def _units(run: Finished, metric: str) -> str | None:
    """Return the hash of the units that a metric was measured on; None where it was not."""
    return run.record["test_units"].get(metric)


def _subtract(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def spread_over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over seeds, a row per metric and variant.

    Empty where no variant was run with more than one seed.
    """
    groups = table.groupby(["metric", "variant"], sort=False)["measured"]
    spread = groups.agg(["count", "mean", "std"]).reset_index()
    return spread[spread["count"] > 1]
