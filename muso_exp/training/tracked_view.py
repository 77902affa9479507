"""How the MLflow UI opens on a sweep: its jobs by the leading metric, charts of what was swept.

The UI keeps a view that somebody shares as a tag of the experiment; a link names it by its key. So
that jobs stand side by side, not folded under their sweep, they are in the order of a metric.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

TAG = "mlflow.sharedViewState."
MODELS = {"workflowType": "machine_learning"}  # the UI has another half, of language models
_LONGEST = 5000  # characters that MLflow keeps of an experiment's tag
_BARS, _LINES = 20, 200  # runs that a chart shows
_METRICS, _PARAMS = 4, 6
_IN_A_ROW = 3  # bar charts, so that the lines follow at once
_BARS_SECTION, _LINES_SECTION = "measured", "swept"
_LINES_HEIGHT = 420  # pixels


def jobs_of(parent: str) -> str:
    """Return the filter that the jobs of a sweep pass."""
    return f"tags.mlflow.parentRunId = '{parent}'"


def sweep_view(
    parent: str, metrics: Sequence[str], more_is_better: bool, params: Sequence[str]
) -> str:
    """Return the view of a sweep, as the tag holds it.

    Args:
        parent: id of the sweep's run.
        metrics: that lead, the first of which puts the jobs in order; none of a sweep without one.
        more_is_better: of the first metric.
        params: that were swept.
    """
    shown, swept = list(metrics)[:_METRICS], list(params)[:_PARAMS]
    state: dict[str, Any] = {
        "searchFilter": jobs_of(parent),
        "selectedColumns": [*_columns("metrics", shown), *_columns("params", swept)],
    }
    if shown:
        state |= {"orderByKey": _columns("metrics", shown)[0], "orderByAsc": not more_is_better}
        state |= {
            "isAccordionReordered": True,
            "compareRunSections": _sections(bool(swept)),
            "compareRunCharts": _charts(shown, swept),
        }
    text = json.dumps(state)
    return text if len(text) <= _LONGEST else json.dumps({"searchFilter": jobs_of(parent)})


def view_link(experiment: str, key: str, mode: str) -> str:
    """Return the part of the UI's address that opens a view.

    Args:
        experiment: id of it.
        key: of the view, behind `TAG`.
        mode: CHART or TABLE.
    """
    query = urlencode(
        {**MODELS, "viewStateShareKey": key, "compareRunsMode": mode}, quote_via=quote
    )
    return f"/#/experiments/{experiment}/runs?{query}"


def leading_first(metrics: Sequence[Any], leading: Sequence[str]) -> list[Any]:
    """Return metrics with the leading ones first, then others of the test.

    The UI shows metrics in the order in which a run first had them, and its page of comparison
    opens on the first one.

    Args:
        metrics: with a `key`.
        leading: keys.
    """
    places = {key: place for place, key in enumerate(leading)}

    def place(metric: Any) -> tuple[int, bool]:
        return places.get(metric.key, len(places)), not metric.key.startswith("test/")

    return sorted(metrics, key=place)


def as_table(columns: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Return columns as the UI reads a table; a number that is none is left empty."""
    rows = zip(*columns.values(), strict=True)
    return {
        "columns": list(columns),
        "data": [[None if cell != cell else cell for cell in row] for row in rows],
    }


def _columns(kind: str, names: Sequence[str]) -> list[str]:
    return [f"{kind}.`{name}`" for name in names]


def _sections(lines: bool) -> list[dict[str, Any]]:
    """Return the parts of the page: bars, three in a row, and lines as wide as the page."""
    fixed = {"display": True, "isReordered": False, "deleted": False, "isGenerated": False}
    bars = {"uuid": _BARS_SECTION, "name": "what was measured", **fixed}
    across = {"uuid": _LINES_SECTION, "name": "what was swept", **fixed}
    across |= {"columns": 1, "cardHeight": _LINES_HEIGHT}
    return [bars, *([across] if lines else [])]


def _charts(metrics: Sequence[str], params: Sequence[str]) -> list[dict[str, Any]]:
    """Return a bar chart per metric and, of several parameters, one of lines across them."""
    own = {"metricSectionId": _BARS_SECTION, "deleted": False, "isGenerated": False}
    bars = [
        {"type": "BAR", "uuid": f"bar-{n}", "metricKey": name, "runsCountToCompare": _BARS, **own}
        for n, name in enumerate(metrics[:_IN_A_ROW])
    ]
    own = {**own, "metricSectionId": _LINES_SECTION}
    lines = {"type": "PARALLEL", "uuid": "lines", "runsCountToCompare": _LINES, **own}
    lines |= {"selectedParams": list(params), "selectedMetrics": list(metrics)[:1]}
    return [*bars, *([lines] if params else [])]
