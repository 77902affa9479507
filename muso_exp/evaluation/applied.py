"""What a run says of new input, as people read it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from muso_exp.evaluation.numbers import interval


def result_cells(result: pd.DataFrame) -> pd.DataFrame:
    """Return the texts of cells; a value whose ends stand in `_low` and `_high` gets them."""
    cells = result.map(_cell)
    estimated = [name for name in map(str, result) if {f"{name}_low", f"{name}_high"} <= {*result}]
    for name in estimated:
        ends = zip(result.pop(f"{name}_low"), result.pop(f"{name}_high"), strict=True)
        cells[name] += [f" {interval(pair)}" for pair in ends]
    return cells[list(result)]


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
