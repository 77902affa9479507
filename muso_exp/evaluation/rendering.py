"""Templates of reports and pages filled with facts: whatever these hold is shown as text."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from muso_exp.evaluation import lead
from muso_exp.evaluation.glossary import in_words
from muso_exp.evaluation.numbers import interval, number
from muso_exp.evaluation.verdicts import MODEL, NO_BETTER, data_line
from muso_exp.text import markdown, visible

HOLDS = (
    "An interval holds the choice of test units alone; what other seeds of the training would give "
    "shows a table over seeds (-m seed=0,1,2)."
)
_PACKAGE = "muso_exp.evaluation"
_NAMED = 3  # null models that a verdict names
_LONG_TABLE = 12  # rows; a longer table is folded


def table_pointer(record: Mapping[str, Any]) -> str:
    """Return where the verdict over all runs of a table stands, "" for a run of its own."""
    if not record.get("table"):
        return ""
    fold, several = "one fold: the verdict over all folds", "one of several runs: the table of all"
    what = fold if record.get("fold") else several
    return f"{what} stands in {record['table']}"


def because(verdict: str | None, nulls: Any, could_show: float | None) -> str:
    """Return what a verdict rests on, in brackets: null models, what difference would have shown.

    Args:
        verdict: of `muso_exp.evaluation.scores.Verdict`.
        nulls: its `because_of`, as names or as text.
        could_show: of it.
    """
    names = nulls.split(", ") if isinstance(nulls, str) else list(nulls or ())
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    parts = [f"{', '.join(names[:_NAMED])}{more}"] if any(names) else []
    if verdict == NO_BETTER and could_show is not None and not math.isnan(could_show):
        parts.append(f"a difference above {number(could_show, 2)} would show")
    return f"({'; '.join(parts)})" if parts else ""


def render(template: str, packages: tuple[str, ...] = (_PACKAGE,), **facts: Any) -> str:
    """Return a page of the package: what `facts` hold is shown as text, whatever it is.

    Every value is escaped, in HTML and in Markdown; only templates and the numbers that this
    module formats are trusted.

    Args:
        template: name of a file in `evaluation/templates`; `.md.j2` is Markdown, the others HTML.
        packages: in whose folder `templates` it is looked for, in this order.
        facts: what the template names.
    """
    plain = _markdown if template.endswith(".md.j2") else _visible
    return _templates(plain, packages).get_template(template).render(facts)


@cache
def _templates(plain: Callable[[Any], Any], packages: tuple[str, ...]) -> Environment:
    """Return the templates of packages, each compiled once a process."""
    templates = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in packages]),
        autoescape=True,
        finalize=plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        number=lambda value: Markup(number(value)), interval=lambda value: Markup(interval(value))
    )
    templates.filters["code"] = lambda text: Markup(visible(text))  # inside a fence of Markdown
    templates.globals.update(data_line=data_line, MODEL=MODEL, HOLDS=HOLDS)
    templates.globals.update(because=because, table_pointer=table_pointer, measure=lead.measure)
    templates.globals.update(in_words=in_words, LONG=_LONG_TABLE, not_asked=lead.not_asked)
    return templates


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown(value: Any) -> Any:
    return value if isinstance(value, (Markup, int)) else Markup(markdown(value))


def link_to(path: Path, folder: Path) -> str:
    """Return the link to a file from a page in `folder`: no scheme, question or part in it."""
    return quote(os.fsencode(os.path.relpath(path, folder)))
