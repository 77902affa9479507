"""Plain records that all rooms share: batches, findings of an audit, sections of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from muso_exp.text import counted

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from torch import Tensor

Batch: TypeAlias = "dict[str, Tensor]"  # first dimension the batch
Columns: TypeAlias = "dict[str, Tensor]"  # prediction columns, first dimension the rows
Drawing: TypeAlias = "Figure | Callable[[], Figure]"  # a figure, or what makes it when it is saved


@dataclass(frozen=True)
class Finding:
    """One line of the audit.

    Attributes:
        check: metric-safe name of what was looked at, e.g. `triangle_violations`.
        value: what was counted; logged as `audit/<check>`.
        text: the finding as a sentence, with the numbers it rests on.
        level: `note` (good to know) or `warning` (a reason to doubt a result).
    """

    check: str
    value: float
    text: str
    level: Literal["note", "warning"] = "note"


def bad_rows(left_out: Mapping[str, int]) -> list[Finding]:
    """Return the finding on rows that `dataset.bad_rows=drop` left out, by reason; none without."""
    number = sum(left_out.values())
    reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
    text = f"{counted(number, 'row')} of the files left out (dataset.bad_rows=drop): {reasons}"
    return [Finding("bad_rows", number, text, "warning")] if number else []


@dataclass(frozen=True)
class Section:
    """One part of the report: a heading, a sentence, and a table or a figure or both.

    Attributes:
        name: file-safe name; the figure is written to `figures/<name>.png`.
        title: heading.
        text: one or two sentences on how to read it.
        table: shown as it stands, index dropped.
        figure: of `muso_exp.figures`; made where the report is written, one after the other.
        arrays: what others may want to load, written to `<name>.npz`; not shown.
    """

    name: str
    title: str
    text: str = ""
    table: pd.DataFrame | None = None
    figure: Drawing | None = None
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
