"""Where the marks of a small picture stand: a measured value beside what it is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muso_exp.evaluation.numbers import interval, number

WIDTH, MARGIN = 130.0, 8.0  # of the picture, in its own units


def strip(row: Mapping[str, Any], reported: float | None) -> dict[str, Any]:
    """Return a row of a run's card as a picture: places of the marks along one axis.

    Args:
        row: of `versus` in metrics.json.
        reported: by the document, if it is.

    Returns:
        `measured`, `low`, `high`, `null`, `reported`: places from 0 to `WIDTH`, None where there
        is no number; `text` says the same in words, `verdict` gives the colour.
    """
    low, high = row["interval"] or (None, None)
    values = {
        "measured": row["measured"],
        "low": low,
        "high": high,
        "null": row["null_value"],
        "reported": reported,
    }
    known = [value for value in values.values() if value is not None]
    first, last = (min(known), max(known)) if known else (0.0, 0.0)
    step = (WIDTH - 2 * MARGIN) / (last - first) if last > first else 0.0
    middle = 0.0 if step else WIDTH / 2 - MARGIN
    places: dict[str, Any] = {
        name: None if value is None else round(MARGIN + middle + (value - first) * step, 1)
        for name, value in values.items()
    }
    text = f"measured {number(row['measured'])} {interval(row['interval'])}"
    text += f", best null {number(row['null_value'])}"
    text += "" if reported is None else f", reported {number(reported)}"
    return places | {"text": f"{text}: {row['verdict']}", "verdict": row["verdict"], "width": WIDTH}
