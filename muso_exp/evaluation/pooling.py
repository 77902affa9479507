"""One verdict over several runs of one setting: over folds, over seeds, or over both.

An interval of one run holds the choice of its test units alone. Folds test units of their own, and
their mean has the units of all. Seeds are a sample of all the seeds there could be, of which a run
holds one: where there are several, their spread is added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from muso_exp.errors import ConfigError
from muso_exp.evaluation.finished import Finished, difference_samples, versus_row
from muso_exp.evaluation.scores import Paired, judge, paired
from muso_exp.metrics.resampling import interval_around

_ORDER, _SPREAD = 0, 1  # seeds: of the order of resamples, and of the draws of t
BySeed = Mapping[int, Sequence[Finished]]


def pooled_table(
    settings: Mapping[str, Sequence[Finished]], metrics: Sequence[str], folds: bool
) -> pd.DataFrame:
    """Return a row per metric and setting that was run with several folds or seeds; see `combine`.

    Args:
        settings: the runs of each, by its name.
        metrics: names, in order.
        folds: whether runs of one seed are folds, which test units of their own.

    Raises:
        ConfigError: the runs have different numbers of resamples.
    """
    rows = []
    for metric in metrics:
        having = {
            name: [run for run in group if metric in run.samples]
            for name, group in settings.items()
        }
        first = next(iter(having.values()), [])
        for name, runs in having.items():
            n_seeds = len({run.record["seed"] for run in runs})
            if n_seeds > 1 or (folds and len(runs) > 1):
                row = pooled_row(runs, metric, folds) | versus_first(runs, first, metric)
                rows.append({"metric": metric, "variant": name, **row})
    return pd.DataFrame(rows)


def versus_first(
    runs: Sequence[Finished], first: Sequence[Finished], metric: str
) -> dict[str, float | None]:
    """Return the paired difference of one setting to the first one, over all folds and seeds.

    Each run is paired with the run of the first setting that tests the same units with the same
    seed; nothing where it is the first setting, or where a run has no such partner.

    Returns:
        `versus_first`, `versus_first_low` and `versus_first_high`.
    """
    names = ("versus_first", "versus_first_low", "versus_first_high")
    found = [[one for one in first if _place(one, metric) == _place(run, metric)] for run in runs]
    if list(runs) == list(first) or any(len(ones) != 1 for ones in found):
        return dict.fromkeys(names)
    partner = {run.folder: ones[0] for run, ones in zip(runs, found, strict=True)}
    by_seed = _by_seed(runs)

    def value(run: Finished) -> float:
        other = partner[run.folder].record["metrics"][metric]
        return _number(run.record["metrics"][metric]) - _number(other)

    def samples(run: Finished) -> np.ndarray:
        return run.samples[metric].to_numpy() - partner[run.folder].samples[metric].to_numpy()

    measured, together = combine(by_seed, value, samples)
    least, most = _bounds(runs[0], metric)
    together = together.clip(least - most, most - least)
    low, high = interval_around(measured, torch.from_numpy(together))
    return dict(zip(names, (measured, low, high), strict=True))


def _place(run: Finished, metric: str) -> tuple[int, str | None]:
    """Return the seed of a run and the hash of the units that a metric was measured on."""
    return run.record["seed"], run.record["test_units"].get(metric)


def _by_seed(runs: Sequence[Finished]) -> dict[int, list[Finished]]:
    by_seed: dict[int, list[Finished]] = {}
    for run in runs:
        by_seed.setdefault(run.record["seed"], []).append(run)
    return by_seed


def pooled_row(runs: Sequence[Finished], metric: str, folds: bool) -> dict[str, Any]:
    """Return value, interval and verdict of several runs of one setting, by one metric."""
    check_resamples(runs)
    by_seed = _by_seed(runs)
    measured, samples = combine(
        by_seed,
        lambda run: _number(run.record["metrics"][metric]),
        lambda run: run.samples[metric].to_numpy(),
    )
    least, most = _bounds(runs[0], metric)
    low, high = interval_around(measured, torch.from_numpy(samples.clip(least, most)))
    higher = versus_row(runs[0], metric)["higher_is_better"]
    verdict = judge(_beside_nulls(by_seed, metric, higher), higher)
    best = verdict.best
    return {
        "over": _over(by_seed, folds),
        "measured": measured,
        "low": low,
        "high": high,
        "best_null": best.null if best else "",
        "null_value": measured - best.difference if best else None,
        "difference": best.difference if best else None,
        "difference_low": best.interval[0] if best else None,
        "difference_high": best.interval[1] if best else None,
        "verdict": verdict.text,
        "because_of": ", ".join(verdict.because_of),
        "could_show": verdict.could_show,
    }


def _beside_nulls(by_seed: BySeed, metric: str, higher: bool | None) -> list[Paired]:
    """Return the runs together beside each null model that all of them have."""
    runs = [run for group in by_seed.values() for run in group]
    least, most = _bounds(runs[0], metric)
    samples = {run.folder: difference_samples(run, metric) for run in runs}
    shared = [
        null for null in samples[runs[0].folder] if all(null in of for of in samples.values())
    ]
    found = []
    for null in shared:
        value, together = combine(
            by_seed,
            lambda run, null=null: _difference(run, metric, null),  # type: ignore[misc]
            lambda run, null=null: samples[run.folder][null],  # type: ignore[misc]
        )
        together = together.clip(least - most, most - least)  # of two values in the range
        found.append(paired(null, value, torch.from_numpy(together), higher))
    return found


def _bounds(run: Finished, metric: str) -> tuple[float, float]:
    """Return the range of a metric; JSON has no infinities, and older runs no ranges."""
    least, most = versus_row(run, metric).get("bounds") or (None, None)
    return -np.inf if least is None else least, np.inf if most is None else most


def _difference(run: Finished, metric: str, null: str) -> float:
    nulls = run.record.get("nulls", {})
    known = nulls[null].get(metric) if null in nulls else versus_row(run, metric)["null_value"]
    return _number(run.record["metrics"][metric]) - _number(known)


def combine(
    by_seed: BySeed,
    value: Callable[[Finished], float],
    samples: Callable[[Finished], np.ndarray],
) -> tuple[float, np.ndarray]:
    """Return a value over all folds and seeds, and the samples of its interval, (n_resamples,).

    Folds test units of their own: sample b of their mean is the mean of a sample of each, in an
    order drawn anew, since all draw by one seed. Seeds that test the same units are paired by
    resample; else their order is drawn anew too. Of S seeds with standard deviation s,
    s / sqrt(S) times a draw of Student's t with S - 1 degrees of freedom is added: what the mean of
    so few seeds may be away from that of all.

    Args:
        by_seed: the runs of each seed; several of one seed are folds.
        value: of a run.
        samples: of a run's bootstrap, (n_resamples,).

    Source: Student 1908, for the mean of few seeds. Deviation: where seeds test different units
    too, the choice of units is in both parts, and the interval is wider than it need be.
    """
    values = np.array([np.mean([value(run) for run in group]) for group in by_seed.values()])
    same_units = len({_units(group) for group in by_seed.values()}) == 1
    rng = np.random.default_rng(_ORDER)
    means = []
    for group in by_seed.values():
        if same_units:  # the same order for each seed keeps them paired
            rng = np.random.default_rng(_ORDER)
        alone = same_units and len(group) == 1
        columns = [samples(run) if alone else rng.permutation(samples(run)) for run in group]
        means.append(np.mean(columns, axis=0))
    mean = np.mean(means, axis=0)
    if len(values) > 1:
        draws = np.random.default_rng(_SPREAD).standard_t(len(values) - 1, size=len(mean))
        mean = mean + draws * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), mean


def _units(group: Sequence[Finished]) -> tuple[str, ...]:
    """Return the hashes of the units that the runs of a seed test."""
    return tuple(str(sorted(run.record["test_units"].items())) for run in group)


def check_resamples(runs: Sequence[Finished]) -> None:
    """Raise ConfigError if runs to be set beside each other have different resamples."""
    of = {len(run.samples): run.folder for run in runs}
    if len(of) > 1:
        (one, first), (two, second) = list(of.items())[:2]
        raise ConfigError(
            f"{first} has {one} resamples, {second} {two}; runs are compared by the same "
            "resamples: run one of them again with resamples=..."
        )


def _over(by_seed: BySeed, folds: bool) -> str:
    """Return what is pooled, in words."""
    n_folds = max(map(len, by_seed.values()))
    named = [f"{n_folds} folds"] if folds and n_folds > 1 else []
    named += [f"seeds {', '.join(map(str, sorted(by_seed)))}"] if len(by_seed) > 1 else []
    return " and ".join(named)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
