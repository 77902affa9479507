"""What a data set tells about a run, besides its metrics: plain records, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


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


@dataclass(frozen=True)
class Section:
    """One part of the report: a heading, a sentence, and a table or a figure or both.

    Attributes:
        name: file-safe name; the figure is written to `figures/<name>.png`.
        title: heading.
        text: one or two sentences on how to read it.
        table: shown as it stands, index dropped.
        figure: drawn by `muso_exp.plots`; closed once written.
    """

    name: str
    title: str
    text: str = ""
    table: pd.DataFrame | None = None
    figure: Figure | None = None
