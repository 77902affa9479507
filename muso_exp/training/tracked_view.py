"""How the MLflow UI opens on a sweep: its jobs by the leading metric, charts of what was swept.

The UI keeps a view that somebody shares as a tag of the experiment; a link names it by its key. So
that jobs stand side by side, not folded under their sweep, they are in the order of a metric.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

TAG = "mlflow.sharedViewState."
MODELS = {"workflowType": "machine_learning"}  # the UI has another half, of language models
_LONGEST = 5000  # characters that MLflow keeps of an experiment's tag
_BARS, _LINES = 20, 200  # runs that a chart shows
_METRICS, _PARAMS = 4, 6
_SECTION = "swept"


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
            "compareRunSections": [_section()],
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


def _columns(kind: str, names: Sequence[str]) -> list[str]:
    return [f"{kind}.`{name}`" for name in names]


def _section() -> dict[str, Any]:
    fixed = {"isReordered": False, "deleted": False, "isGenerated": False}
    return {"uuid": _SECTION, "name": "what was swept", "display": True, **fixed}


def _charts(metrics: Sequence[str], params: Sequence[str]) -> list[dict[str, Any]]:
    """Return a bar chart per metric and, of several parameters, one of lines across them."""
    own = {"metricSectionId": _SECTION, "deleted": False, "isGenerated": False}
    bars = [
        {"type": "BAR", "uuid": f"bar-{n}", "metricKey": name, "runsCountToCompare": _BARS, **own}
        for n, name in enumerate(metrics)
    ]
    lines = {"type": "PARALLEL", "uuid": "lines", "runsCountToCompare": _LINES, **own}
    lines |= {"selectedParams": list(params), "selectedMetrics": list(metrics)[:1]}
    return [*bars, *([lines] if params else [])]
