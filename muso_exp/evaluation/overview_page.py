"""The exploratory page of a data set: one HTML file that opens offline, and a summary of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from rich.table import Table
from rich.text import Text

from muso_exp.errors import ConfigError
from muso_exp.evaluation.numbers import number
from muso_exp.evaluation.pages import self_contained
from muso_exp.evaluation.report import replace_file
from muso_exp.tasks.overview import Overview
from muso_exp.terminal import styled, table_of

SHOWN = 12  # rows of a table in the terminal


def write_overview(found: Overview, name: str, read: str, place: Path) -> None:
    """Write the page, whole or not at all.

    Args:
        found: what the data hold.
        name: of the data set.
        read: where the data come from, a sentence without its full stop.
        place: the HTML file.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, overview_page(found, name, read))
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"--out {place}: cannot be written: {reason}") from error


def overview_page(found: Overview, name: str, read: str) -> str:
    """Return the page as one HTML text; see `write_overview`."""
    counts = [(f"{value:,}", what.replace("_", " ")) for what, value in found.counts.items()]
    return self_contained(f"The data of {name}", read, counts, found.sections, found.notes)


def overview_summary(found: Overview, name: str) -> Iterator[Text | Table]:
    """Return what a terminal shows of the page: counts, notes, and tables but for the sample."""
    counts = pd.DataFrame(
        [(what.replace("_", " "), f"{value:,}") for what, value in found.counts.items()],
        columns=["counted", "number"],
    )
    yield table_of(f"The data of {name}", counts)
    for note in found.notes:
        yield styled(
            (note.level, "bold red" if note.level == "warning" else "bold"), f": {note.text}"
        )
    for section in found.sections:
        if section.table is not None and section.name != "sample":
            more = "" if len(section.table) <= SHOWN else f" (the first {SHOWN} rows)"
            yield table_of(section.title + more, _readable(section.table.head(SHOWN)))


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its numbers as people read them."""
    return table.map(
        lambda value: number(float(value)) if isinstance(value, (int, float)) else value
    )
