"""Finished runs compared by permutation: their answers to the same test rows, exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from muso_exp.elsewhere import data_of
from muso_exp.errors import ConfigError
from muso_exp.evaluation.elsewhere import ordered_like
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.permutation import permutation_p, permuted_differences
from muso_exp.evaluation.several import holm
from muso_exp.records import Columns
from muso_exp.tasks.base import NotAnsweredError, Task

N_PERMUTATIONS = 1000


def permutation_table(
    runs: Sequence[Finished], labels: Sequence[str], metrics: Sequence[str]
) -> pd.DataFrame:
    """Return the p-value of each run's difference to the first one, by permutation.

    Further tests of the model itself (tags of its factors) keep no answers, and are left out.

    Args:
        runs: the first one is the reference; its data are set up once more.
        labels: their names.
        metrics: names; those that the test rows do not have are left out.

    Raises:
        ConfigError: no run with the same test rows; answers that cannot be exchanged.
    """
    first = runs[0]
    same = [(run, label) for run, label in zip(runs[1:], labels[1:], strict=True)
            if run.record["test_units"] == first.record["test_units"]]  # fmt: skip
    if not same:
        raise ConfigError("--permutation: no other run was tested on the rows of the first one")
    task: Task = data_of(first.folder, first.record).task
    reference = _answers(task, first, first)
    rows: list[dict[str, Any]] = []
    for run, label in same:
        found = permuted_differences(
            task.metrics(), _answers(task, run, first), reference, task.units, N_PERMUTATIONS
        )
        rows += [
            {"metric": name, "run": label, "seed": run.record["seed"],
             "difference": float(found[name][0]), "p": permutation_p(found[name])}
            for name in metrics
            if name in found
        ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["metric", "run", "seed", "difference", "p"])
    table = table.sort_values(
        "metric", key=lambda name: name.map(list(metrics).index), kind="stable"
    )
    table["p (Holm)"] = table.groupby("metric", sort=False)["p"].transform(lambda p: holm(list(p)))
    return table.reset_index(drop=True)


def _answers(task: Task, run: Finished, first: Finished) -> Columns:
    """Return the prediction columns of a run and the target, in the order of the test rows."""
    path = run.folder / "predictions.parquet"
    table = pd.read_parquet(path)
    if run is not first:
        table = ordered_like(path, table, pd.read_parquet(first.folder / path.name), task.keys)
    try:
        named = set(next(iter(task.null_columns.values()))) <= set(table)
        columns = Task.answered(task, table) if named else task.answered(table)
    except NotAnsweredError as error:
        raise ConfigError(f"{path}: {error}") from error
    return {**columns, "target": task.target}
