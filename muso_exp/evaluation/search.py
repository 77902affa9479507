"""What is said of runs that were chosen among: how many settings were tried, and by what."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from muso_exp.evaluation.comparison import row_labels
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.numbers import interval, number
from muso_exp.evaluation.report import add_finding, write_record
from muso_exp.records import Finding

CHOSEN = "settings_tried"  # of the audit: how many settings a run was chosen among


def settings_tried(settings: Mapping[str, Sequence[Finished]]) -> list[Finding]:
    """Return how many settings were tested on the same rows by a metric, where there are several.

    A setting may have further metrics (of tags, by its factors): by the others it was tested too.

    Args:
        settings: the runs of each, by its name.
    """
    tested = Counter(
        test for group in settings.values() for test in group[0].record["test_units"].items()
    )
    most = max(tested.values(), default=0)
    if most < 2:
        return []
    text = (
        f"{most} settings were tried on the same test rows: the best of them by a test metric "
        "looks better than it is, and its interval does not hold the choice"
    )
    return [Finding(CHOSEN, most, text)]


def mark_chosen(runs: Sequence[Finished], directions: Sequence[str]) -> list[Finding]:
    """Return which run a search chose, and note in that run's own audit that it was chosen.

    Args:
        runs: of the search.
        directions: `minimize` or `maximize`, of each objective; of several none is chosen.
    """
    found = [run for run in runs if run.record.get("objective")]
    if len(found) < 2 or len(directions) > 1 or len(found[0].record["objective"]) > 1:
        return []
    ((name, _),) = found[0].record["objective"].items()
    sign = -1 if directions and directions[0] == "maximize" else 1
    values = [_number(run.record["objective"].get(name)) for run in found]
    best = min(range(len(found)), key=lambda place: _worst_last(sign * values[place]))
    chosen = found[best]
    n_tried = f"chosen by {name} among {len(found)} settings of a search"
    add_finding(chosen.folder, Finding(CHOSEN, len(found), n_tried))
    label = row_labels(found)[best]
    headline = chosen.record.get("headline") or list(chosen.record["metrics"])[:1]
    tested = ", ".join(_measured(chosen, metric) for metric in headline)
    text = f"run {chosen.folder.name} ({label}): {n_tried}, {name} {number(values[best])}; {tested}"
    return [Finding("chosen", best, text)]


def note_choice(
    folder: Path, text: str, n_tried: int, validation: Mapping[str, float] | None = None
) -> None:
    """Put into the audit of a run how it was chosen, once.

    Args:
        folder: of the run that a search has chosen.
        text: how it was chosen.
        n_tried: settings that were tried.
        validation: by which it was chosen, metric -> value.
    """
    record = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    if validation:
        record["validation"] = dict(validation)
        write_record(folder / "metrics.json", record)
    if all(finding["check"] != CHOSEN for finding in record["audit"]):
        add_finding(folder, Finding(CHOSEN, n_tried, text))


def choice_of(runs: Sequence[Finished]) -> list[Finding]:
    """Return how the run of a search was chosen, as its own audit has it."""
    found = [finding for run in runs for finding in run.record["audit"]]
    return [Finding(**finding) for finding in found if finding["check"] == CHOSEN]


def _measured(run: Finished, metric: str) -> str:
    record = run.record
    if metric not in record["metrics"]:
        return f"no {metric}"
    verdict = next(row["verdict"] for row in record["versus"] if row["metric"] == metric)
    shown = f"{number(record['metrics'][metric])} {interval(record['intervals'][metric])}"
    return f"test {metric} {shown}, {verdict}"


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _worst_last(value: float) -> float:
    return math.inf if math.isnan(value) else value
