"""The leaderboard: of each task and its data, the runs that validate best, with their test value.

Runs are put in order by validation alone: the best of many by a test metric looks better than it
is. One that validated nothing has no place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from muso_exp.csv_cells import write_csv
from muso_exp.evaluation import lead
from muso_exp.evaluation.comparison import row_labels
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.glossary import meaning
from muso_exp.evaluation.rendering import link_to, render
from muso_exp.evaluation.search import CHOSEN
from muso_exp.evaluation.verdicts import data_line
from muso_exp.text import visible

SHOWN = 10  # runs of a task on the page; the table has all
STAGE, LOSS = "val/", "val/loss"


class Board(NamedTuple):
    """The runs of one task on the same test rows of the same data.

    Attributes:
        title: of the data.
        experiments: that ask it.
        validated: validation metric that puts them in order; None where no run has one.
        metric: test metric that leads.
        rows: a row per run, the best first.
    """

    title: str
    experiments: list[str]
    validated: str | None
    metric: str
    rows: pd.DataFrame


def write_leaderboard(page: Path, runs: Sequence[Finished], index: str = "index.html") -> None:
    """Write the page, and beside it the table of all runs, a .csv of the same name.

    Args:
        page: links are relative to its folder.
        runs: finished runs.
        index: name of the page over all runs beside it.
    """
    boards = leaderboards(runs, page.parent)
    shown = [board._replace(rows=board.rows.head(SHOWN)) for board in boards]
    more = [len(board.rows) - len(few.rows) for board, few in zip(boards, shown, strict=True)]
    csv, pairs = page.with_suffix(".csv").name, list(zip(shown, more, strict=True))
    text = render("leaderboard.html.j2", boards=pairs, table=csv, index=index)
    page.write_text(text, encoding="utf-8")
    tables = [board.rows.assign(task=board.title, validated_by=board.validated) for board in boards]
    whole = pd.concat(tables, ignore_index=True).drop(columns=["link"])
    write_csv(whole, page.with_suffix(".csv"))


def leaderboards(runs: Sequence[Finished], folder: Path) -> list[Board]:
    """Return a board per task, data and test rows; those of most runs first.

    Args:
        runs: finished runs.
        folder: that links are relative to.
    """
    groups: dict[tuple[str, ...], list[Finished]] = {}
    for run in runs:
        rows = lead.leading(run.record)
        if rows:
            data, metric = run.record["data"], rows[0]["metric"]
            key = (data["name"], str(data.get("fingerprint")), run.record["test_units"][metric])
            groups.setdefault((*key, metric), []).append(run)
    boards = [_board(group, key[-1], folder) for key, group in groups.items()]
    return sorted(boards, key=lambda board: (-len(board.rows), board.title))


def _board(runs: Sequence[Finished], metric: str, folder: Path) -> Board:
    validated = _validated_by(runs, metric)
    labels = row_labels(runs)
    rows = [
        _row(run, label, metric, validated, folder) for run, label in zip(runs, labels, strict=True)
    ]
    sign = -1 if validated and _more_is_better(validated) else 1
    rows.sort(key=lambda row: _last_if_none(row["validation"], sign))
    for place, row in enumerate(rows, start=1):
        row["place"] = place if row["validation"] is not None else None
    experiments = list(dict.fromkeys(run.record["experiment"] for run in runs))
    title = f"{', '.join(experiments)}: {data_line(runs[0].record)}"
    return Board(title, experiments, validated, metric, pd.DataFrame(rows, dtype=object))


def _row(
    run: Finished, label: str, metric: str, validated: str | None, folder: Path
) -> dict[str, Any]:
    record = run.record
    low, high = record["intervals"][metric]
    versus = next(row for row in record["versus"] if row["metric"] == metric)
    tried = [finding["text"] for finding in record["audit"] if finding["check"] == CHOSEN]
    seconds, memory = record.get("seconds") or {}, record.get("peak_mib") or {}
    return {
        "place": None,
        "setting": label,
        "seed": record["seed"],
        "scale": record["scale"],
        "validation": _validation(record).get(validated) if validated else None,
        "metric": metric,
        "test": record["metrics"][metric],
        "low": low,
        "high": high,
        "verdict": versus["verdict"],
        "best_null": versus["null_value"],
        "fit_seconds": seconds.get("fit"),
        "peak_mib": max(memory.values(), default=None),
        "parameters": record.get("parameters"),
        "chosen": tried[0] if tried else "",
        "run": visible(run.folder),
        "link": link_to(run.folder / "report.html", folder),
    }


def _validation(record: dict[str, Any]) -> dict[str, float]:
    """Return validation metric -> value of the weights that were tested, where it is a number."""
    found = {**(record.get("validation") or {}), **(record.get("objective") or {})}
    return {name: value for name, value in found.items() if value is not None}


def _validated_by(runs: Sequence[Finished], metric: str) -> str | None:
    """Return the metric that most runs validated by: that of the test metric, if it is one."""
    names = [name for run in runs for name in _validation(run.record) if _is_ordered(name)]
    own = STAGE + metric
    return max(
        dict.fromkeys(names), key=lambda name: (name == own, names.count(name)), default=None
    )


def _is_ordered(name: str) -> bool:
    known = meaning(name.removeprefix(STAGE))
    return name == LOSS or (known is not None and known.better in ("more", "less"))


def _more_is_better(name: str) -> bool:
    known = meaning(name.removeprefix(STAGE))
    return name != LOSS and known is not None and known.better == "more"


def _last_if_none(value: float | None, sign: int) -> float:
    return math.inf if value is None else sign * value
