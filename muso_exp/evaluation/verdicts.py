"""The words of the paper card: what verdicts are called, and on which data they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MODEL = "model"
REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
NOT_COMPARABLE, NOT_TESTABLE = "not comparable", "not testable"
BETTER, NO_BETTER, WORSE = "better than null", "no better than null", "worse than null"
DESCRIBES = "describes"  # a metric of which neither more nor less is better
VERSUS_NULL = "versus_null/"  # before metric/null: samples of the difference to a null model


def data_line(record: Mapping[str, Any]) -> str:
    """Return which data a run used, at which scale."""
    data = record["data"]
    own = "the paper's (as stated)" if data.get("stated") else "the paper's"
    kind = "simulated" if data["simulated"] else own if data["published"] else "real"
    return f"{kind} data, dataset {data['name']}, scale {record['scale']}"
