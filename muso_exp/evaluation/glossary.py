"""What metrics and null models are, in words: read from docs/metrics.md, the one place they stand.

The wheel ships the file as `muso_exp/docs/metrics.md`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from muso_exp.errors import ConfigError

_PACKAGE = Path(__file__).parent.parent
_METRIC_CELLS, _WORD_CELLS, _NULL_CELLS = 5, 3, 2
BETTER = {True: "more", False: "less", None: "describes"}


@dataclass(frozen=True)
class Meaning:
    """What a metric is.

    Attributes:
        name: of the metric, or a pattern such as `map_at_*`.
        better: more, less, or describes.
        unit: in words.
        formula: in words and signs.
        tasks: that measure it.
    """

    name: str
    better: str
    unit: str
    formula: str
    tasks: str = ""


def meaning(metric: str) -> Meaning | None:
    """Return what a metric is; None of one that docs/metrics.md does not list."""
    return next((known for known in metrics() if fnmatchcase(metric, known.name)), None)


def in_words(null: str) -> str:
    """Return a null model in words; its name where docs/metrics.md has none."""
    words = (text for pattern, text in _null_words() if fnmatchcase(null, pattern))
    return next(words, null)


def of_record(record: Mapping[str, Any]) -> list[Meaning]:
    """Return what each metric of a run is, in the order of the card.

    One that docs/metrics.md does not list, a plugin's, has its direction alone.
    """
    found = []
    for row in record["versus"]:
        known, better = meaning(row["metric"]), BETTER[row.get("higher_is_better")]
        unit, formula = (known.unit, known.formula) if known else ("", "")
        found.append(Meaning(row["metric"], better, unit, formula))
    return found


def matching(name: str | None) -> dict[str, pd.DataFrame]:
    """Return the metrics, null models and words of a card of a name, or that hold it; None: all.

    Raises:
        ConfigError: there is none; with the nearest names.
    """
    measures = [row for row in metrics() if _is_asked(name, row.name)]
    nulls = [row for row in _null_words() if _is_asked(name, row[0])]
    words = [row for row in _card_words() if _is_asked(name, row[0])]
    if not measures and not nulls and not words:
        known = [row.name for row in metrics()]
        known += [row[0] for row in (*_null_words(), *_card_words())]
        near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}? " if near else ""
        raise ConfigError(
            f"no metric, null model or word of a card {name!r}; {hint}`metrics` alone lists all"
        )
    exact = [row for row in measures if row.name == name] or measures
    tables = {"metrics": pd.DataFrame([asdict(row) for row in exact])}
    tables["null models"] = pd.DataFrame(nulls, columns=["name", "in words"])
    tables["words of a card"] = pd.DataFrame(words, columns=["word", "where", "meaning"])
    return {title: table for title, table in tables.items() if len(table)}


def _is_asked(name: str | None, pattern: str) -> bool:
    return name is None or fnmatchcase(name, pattern) or name in pattern


@cache
def metrics() -> tuple[Meaning, ...]:
    """Return all metrics that docs/metrics.md lists, patterns without `*` first."""
    rows = [
        Meaning(name, better, unit, formula, tasks)
        for tasks, names, better, unit, formula in _rows(_METRIC_CELLS)
        for name in _names(names)
    ]
    return tuple(sorted(rows, key=lambda row: _generality(row.name)))


@cache
def _null_words() -> tuple[tuple[str, str], ...]:
    rows = [(name, text) for names, text in _rows(_NULL_CELLS) for name in _names(names)]
    return tuple(rows)


@cache
def _card_words() -> tuple[tuple[str, str, str], ...]:
    rows = _rows(_WORD_CELLS)
    return tuple((name, where, text) for names, where, text in rows for name in _names(names))


def _generality(pattern: str) -> tuple[bool, int]:
    """Sort exact names first, then the longer patterns: `recall_at_*` before `recall_*`."""
    return "*" in pattern, -len(pattern)


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _rows(n_cells: int) -> Iterator[list[str]]:
    """Yield the cells of the table rows that have so many, headings left out."""
    for line in _lines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == n_cells and any("`" in cell for cell in cells[:2]):
            yield cells


def _lines() -> Iterable[str]:
    inside = _PACKAGE / "docs" / "metrics.md"
    path = inside if inside.is_file() else _PACKAGE.parent / "docs" / "metrics.md"
    return path.read_text(encoding="utf-8").splitlines()
