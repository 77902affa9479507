"""What the tracked parent of a sweep shows: what was swept, the best job, counts, the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from muso_exp.evaluation import lead, tracked
from muso_exp.evaluation.comparison import row_labels
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.numbers import interval, number
from muso_exp.experiment.ledger import STATES, Job
from muso_exp.experiment.search_plan import make_plan, searches
from muso_exp.experiment.swept import as_given, swept_keys
from muso_exp.text import markdown

_ROWS = 40  # of the table in the note; all are in table.csv


def swept_values(config: Any) -> dict[str, str]:
    """Return each key that a sweep varies -> its values as they were given.

    Args:
        config: of the sweep.
    """
    if searches(config.hydra):
        return dict(make_plan(config).space)
    tasks, params = as_given(config.hydra)
    given = {key: str(value) for key, value in params.items()}
    given |= {key.lstrip("+"): value for key, _, value in (one.partition("=") for one in tasks)}
    return {key: given[key] for key in swept_keys(config.hydra) if key in given}


def metrics(runs: Sequence[Finished], jobs: Sequence[Job]) -> dict[str, float]:
    """Return the best job's leading metrics, and how many jobs ended how.

    The best is that of the first leading metric of which more or less is better; of one that
    describes there is no best.

    Args:
        runs: finished jobs.
        jobs: the ledger.
    """
    # a name that the UI puts behind test/, which it opens on
    counts = {f"totals/{state}": float(sum(job.state == state for job in jobs)) for state in STATES}
    best = best_run(runs)
    if best is None:
        return counts
    shown = {row["metric"]: row["measured"] for row in lead.leading(best.record)}
    values = {f"test/{name}": value for name, value in shown.items() if value is not None}
    return {**values, **(best.record.get("objective") or {}), **counts}


def leading_metrics(runs: Sequence[Finished], config: Any) -> tuple[list[str], bool]:
    """Return the metrics that lead, as they are tracked, and whether more of the first is better.

    Of a search that is what it optimises.

    Args:
        runs: finished jobs.
        config: of the sweep.
    """
    rows = lead.leading(runs[0].record) if runs else []
    judged = [row for row in rows if row["higher_is_better"] is not None]
    shown = [*judged, *(row for row in rows if row not in judged)]
    names = [f"test/{row['metric']}" for row in shown]
    if searches(config.hydra):
        plan = make_plan(config)
        return [plan.objective, *names], plan.direction == "maximize"
    return names, bool(judged and judged[0]["higher_is_better"])


def best_run(runs: Sequence[Finished]) -> Finished | None:
    """Return the best run by the first leading metric that is judged; None where there is none."""
    if not runs:
        return None
    judged = [row for row in lead.leading(runs[0].record) if row["higher_is_better"] is not None]
    if not judged:
        return None
    metric, higher = judged[0]["metric"], judged[0]["higher_is_better"]
    known = [run for run in runs if run.record["metrics"].get(metric) is not None]
    sign = -1 if higher else 1
    return min(known, key=lambda run: sign * run.record["metrics"][metric], default=None)


def note(runs: Sequence[Finished], jobs: Sequence[Job], folder: Path) -> str:
    """Return the description of the parent: its jobs as a table in Markdown.

    Args:
        runs: finished jobs.
        jobs: the ledger.
        folder: of the sweep.
    """
    names = [row["metric"] for row in lead.leading(runs[0].record)] if runs else []
    rows = [
        [run.folder.name, label, *(_measured(run.record, name) for name in names)]
        for run, label in zip(runs, row_labels(runs), strict=True)
    ]
    failed = [f"- {markdown(f'{job.name}: {job.state}: {job.reason}')}" for job in jobs if
              job.state in ("failed", "killed")]  # fmt: skip
    parts = [
        f"{len(runs)} finished jobs of {len(jobs)}. Folder `{folder}`.",
        *([tracked.table(["job", "settings", *names], rows[:_ROWS])] if runs else []),
        *(["Jobs that failed:", "\n".join(failed[:_ROWS])] if failed else []),
    ]
    return "\n\n".join(parts)[: tracked.LONGEST]


def _measured(record: Mapping[str, Any], metric: str) -> str:
    if metric not in record["metrics"]:
        return "-"
    return f"{number(record['metrics'][metric])} {interval(record['intervals'][metric])}"
