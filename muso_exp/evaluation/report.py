"""report.md and report.html of a run: self-contained, the answer first."""

from __future__ import annotations

import base64
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from muso_exp.evaluation import card as paper
from muso_exp.evaluation import lead
from muso_exp.evaluation import scores as scoring
from muso_exp.evaluation.glossary import in_words, of_record
from muso_exp.evaluation.how_run import how_run
from muso_exp.evaluation.numbers import interval, number
from muso_exp.figures.common import PIXELS, save
from muso_exp.figures.headline import Bar, headline_figure
from muso_exp.records import Finding, Section
from muso_exp.text import markdown, visible

HOLDS = (
    "An interval holds the choice of test units alone; what other seeds of the training would give "
    "shows a table over seeds (-m seed=0,1,2)."
)
_NAMED = 3  # null models that a verdict names
_ANSWER = "answer"  # name of the figure that leads
_CSS_PIXELS = 96  # of a page, an inch
_LONG_TABLE = 12  # rows; a longer table is folded


def write_report(
    folder: Path,
    record: Mapping[str, Any],
    card: paper.Card,
    audit: Sequence[Finding],
    sections: Sequence[Section],
    config_yaml: str,
) -> None:
    """Write `figures/*.png`, `report.md` and `report.html` into a run folder."""
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    leading = lead.leading(record)
    save(headline_figure(bars(record)), figures / f"{_ANSWER}.png")
    for section in sections:
        if section.figure is not None:
            save(section.figure, figures / f"{section.name}.png")
    facts = {
        "record": record,
        "card": card,
        "audit": sorted(audit, key=lambda finding: finding.level != "warning"),
        "sections": sections,
        "title": record["experiment"],
        "answer": lead.answer(record),
        "answer_figure": _ANSWER,
        "leading": leading,
        "others": [row for row in card.versus if row not in leading],
        "glossary": of_record(record),
        "null_words": {null: in_words(null) for null in record["nulls"]},
        "config": config_yaml,
        "how_run": how_run(record),
        "nulls": nulls_table(record),
        "image": lambda name, alt: picture(figures / f"{name}.png", alt),
        "fence": max(re.findall("`{3,}", config_yaml), key=len, default="``") + "`",
    }
    for name in ("report.md", "report.html"):
        (folder / name).write_text(render(f"{name}.j2", **facts), encoding="utf-8")


def bars(record: Mapping[str, Any]) -> list[Bar]:
    """Return the leading metrics of a run as the figure shows them."""
    return [
        Bar(
            row["metric"],
            row["measured"],
            tuple(row["interval"]),
            row["null_value"],
            in_words(row["best_null"]),
            lead.reported_value(record, row["metric"]),
        )
        for row in lead.leading(record)
    ]


def nulls_table(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the metrics of the model and of every null model, a row each."""
    rows = {paper.MODEL: record["metrics"], **record["nulls"]}
    table = pd.DataFrame(rows).T
    table.insert(0, "predictor", table.index)
    return table


def table_pointer(record: Mapping[str, Any]) -> str:
    """Return where the verdict over all runs of a table stands, "" for a run of its own."""
    if not record.get("table"):
        return ""
    fold, several = "one fold: the verdict over all folds", "one of several runs: the table of all"
    what = fold if record.get("fold") else several
    return f"{what} stands in {record['table']}"


def because(verdict: str | None, nulls: Any, could_show: float | None) -> str:
    """Return what a verdict rests on: the null models, and what difference would have shown.

    Args:
        verdict: of `muso_exp.evaluation.scores.Verdict`.
        nulls: its `because_of`, as names or as text.
        could_show: of it.
    """
    names = nulls.split(", ") if isinstance(nulls, str) else list(nulls or ())
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    parts = [f"than {', '.join(names[:_NAMED])}{more}"] if any(names) else []
    if verdict == scoring.NO_BETTER and could_show is not None and not math.isnan(could_show):
        parts.append(f"a difference above {number(could_show, 2)} would show")
    return "; ".join(parts)


def render(template: str, loader: BaseLoader | None = None, **facts: Any) -> str:
    """Return a page of the package: what `facts` hold is shown as text, whatever it is.

    Every value is escaped, in HTML and in Markdown; only templates and the numbers that this
    module formats are trusted.

    Args:
        template: name of a file in `evaluation/templates`; `.md.j2` is Markdown, the others HTML.
        loader: of other templates.
        facts: what the template names.
    """
    plain = _markdown if template.endswith(".md.j2") else _visible
    templates = Environment(
        loader=loader or PackageLoader("muso_exp.evaluation"),
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
    templates.globals.update(data_line=paper.data_line, MODEL=paper.MODEL, HOLDS=HOLDS)
    templates.globals.update(because=because, table_pointer=table_pointer, measure=lead.measure)
    templates.globals.update(in_words=in_words, LONG=_LONG_TABLE, not_asked=lead.not_asked)
    return templates.get_template(template).render(facts)


def add_finding(folder: Path, finding: Finding) -> None:
    """Put one more line first into the audit of a finished run: its record and its pages."""
    marks = {
        "report.md": ("## Audit\n\n", f"- {finding.level}: {markdown(finding.text)}\n"),
        "report.html": (
            "<h2>Audit</h2>\n<ul>\n",
            f'<li class="{finding.level}">{escape(visible(finding.text))}</li>\n',
        ),
    }
    for name, (mark, line) in marks.items():
        text = (folder / name).read_text(encoding="utf-8")
        replace_file(folder / name, text.replace(mark, mark + line, 1))
    path = folder / "metrics.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["audit"].insert(0, asdict(finding))
    write_record(path, record)


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write metrics.json, whole or not at all."""
    text = json.dumps(paper.finite(record), indent=1, ensure_ascii=False)
    replace_file(path, text + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write a file beside its place and rename it."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown(value: Any) -> Any:
    return value if isinstance(value, (Markup, int)) else Markup(markdown(value))


def picture(path: Path, alt: str) -> Markup:
    """Return a PNG file as an `<img>` that holds it, at half its pixels: sharp on dense screens."""
    data = path.read_bytes()
    width = int.from_bytes(data[16:20], "big") * _CSS_PIXELS // PIXELS  # of the PNG's header
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    return Markup('<img src="{}" width="{}" alt="{}">').format(url, width, visible(alt))


def link_to(path: Path, folder: Path) -> str:
    """Return the link to a file from a page in `folder`: no scheme, question or part in it."""
    return quote(os.fsencode(os.path.relpath(path, folder)))
