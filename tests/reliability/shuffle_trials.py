"""Trials on shuffled labels, kept in a file: a line of JSON each, so that a stopped test goes on.

`python -m tests.reliability.shuffle_trials FILE` prints what a file holds as a table (Markdown).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from scipy.stats import binom

from muso_exp.evaluation.scores import BETTER, DESCRIBES

N_SHUFFLES = 20
RATE = 0.025  # of false "better": the upper tail of a 95 % interval
UNLIKELY = 0.0015  # 4 or more of 20 have p = .0014
NOT_SHUFFLED = "upper_bound_"  # metrics of the true factors, which a shuffle leaves as they are


def least_unlikely(n_trials: int) -> int:
    """Return the fewest false verdicts of so many that have a chance below UNLIKELY."""
    return next(k for k in range(n_trials + 2) if binom.sf(k - 1, n_trials, RATE) < UNLIKELY)


def read_trials(path: Path) -> list[dict]:
    """Return the trials of a file: task, experiment, seed, headline metrics, verdict by metric."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def run_trials(
    task: str,
    experiment: str,
    headlines: list[str],
    verdicts: Callable[[int], pd.Series],
    path: Path | None,
) -> list[dict]:
    """Shuffle N_SHUFFLES times; trials that the file holds are not run again, others are added.

    Args:
        task: of the experiment.
        experiment: its name, row and options.
        headlines: metrics that lead its report.
        verdicts: of each metric, with labels shuffled by a seed.
        path: of the file, or None.
    """
    kept = {
        trial["seed"]: trial
        for trial in (read_trials(path) if path else [])
        if trial["experiment"] == experiment
    }
    for seed in sorted(set(range(N_SHUFFLES)) - set(kept)):
        found = {str(name): str(verdict) for name, verdict in verdicts(seed).items()}
        kept[seed] = {
            "task": task,
            "experiment": experiment,
            "seed": seed,
            "headlines": headlines,
            "verdicts": found,
        }
        if path:
            with path.open("a") as file:
                file.write(json.dumps(kept[seed]) + "\n")
    return [kept[seed] for seed in sorted(kept)]


def false_verdicts(trials: list[dict]) -> pd.DataFrame:
    """Return a row per experiment and metric: how many trials, how many falsely "better".

    Metrics that only describe have no verdict, and stand in no row.
    """
    rows = [
        {
            "task": trial["task"],
            "experiment": trial["experiment"],
            "metric": metric,
            "headline": metric in trial["headlines"],
            "trials": 1,
            "false": int(verdict == BETTER),
        }
        for trial in trials
        for metric, verdict in trial["verdicts"].items()
        if verdict != DESCRIBES and not metric.startswith(NOT_SHUFFLED)
    ]
    keys = ["task", "experiment", "metric", "headline"]
    return pd.DataFrame(rows).groupby(keys, sort=False, as_index=False).sum()


def as_markdown(table: pd.DataFrame) -> str:
    """Return a row per experiment: its headline metrics, then all others pooled."""
    lines = [
        '| task | experiment | metric | false "better" | the other metrics, pooled |',
        "|---|---|---|---|---|",
    ]
    for (task, experiment), own in table.groupby(["task", "experiment"], sort=False):
        others = own[~own["headline"]]
        most = others.loc[others["false"].idxmax()] if len(others) else None
        pooled = (
            f"{others['false'].sum()} of {others['trials'].sum()}"
            f" (most: `{most['metric']}` {most['false']})"
            if most is not None
            else ""
        )
        for row in own[own["headline"]].itertuples():
            count = f"{row.false} of {row.trials}"
            lines.append(f"| {task} | `{experiment}` | `{row.metric}` | {count} | {pooled} |")
            pooled = ""
    return "\n".join(lines)


def trials_file() -> Path | None:
    """Return the file of $MUSO_SHUFFLES, or None."""
    given = os.environ.get("MUSO_SHUFFLES")
    return Path(given) if given else None


if __name__ == "__main__":
    sys.stdout.write(as_markdown(false_verdicts(read_trials(Path(sys.argv[1])))) + "\n")
