"""report.md and report.html of a run (self-contained), and the page over all runs."""

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
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from muso_exp.evaluation import card as paper
from muso_exp.evaluation import scores as scoring
from muso_exp.figures.common import save
from muso_exp.records import Finding, Section
from muso_exp.text import markdown, visible

HOLDS = (
    "An interval holds the choice of test units alone; what other seeds of the training would give "
    "shows a table over seeds (-m seed=0,1,2)."
)
_NAMED = 3  # null models that a verdict names
_ROUNDING = 1e-12  # below it, float64 differences of what is equal
_LONG = 1e9  # whole numbers up to here are written out
_MOST_DECIMALS = 7


def number(value: float | None, digits: int = 4) -> str:
    """Return a number as people read it: so many significant digits, a dash where there is none."""
    if value is None or math.isnan(value):
        return "-"
    if abs(value) < _ROUNDING:
        return "0"
    whole = abs(value) >= 10 ** (digits - 1) or value == round(value)
    return f"{value:.0f}" if whole and abs(value) < _LONG else f"{value:.{digits}g}"


def interval(bounds: tuple[float, float] | list[float] | None) -> str:
    """Return an interval as `[low, high]`, as fine as its width asks for."""
    if bounds is None or any(bound is None or math.isnan(bound) for bound in bounds):
        return "-"
    low, high = bounds
    width, size = high - low, max(abs(low), abs(high))
    if not width > _ROUNDING:
        return f"[{number(low)}, {number(high)}]"
    of_width = 1 - math.floor(math.log10(width))  # two digits of it
    of_size = 3 - max(math.floor(math.log10(size)) + 1, 0)  # three digits
    decimals = max(of_width, of_size, 0)
    decimals += any(0 < abs(bound) < 0.5 * 10.0**-decimals for bound in bounds)  # its sign counts
    if decimals > _MOST_DECIMALS:
        return f"[{low:.4g}, {high:.4g}]"
    low, high = (round(bound, decimals) + 0.0 for bound in bounds)  # + 0.0: no minus zero
    return f"[{low:.{decimals}f}, {high:.{decimals}f}]"


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
    for section in sections:
        if section.figure is not None:
            save(section.figure, figures / f"{section.name}.png")
    facts = {
        "record": record,
        "card": card,
        "audit": audit,
        "sections": sections,
        "title": record["experiment"],
        "config": config_yaml,
        "nulls": nulls_table(record),
        "image": lambda name: embed(figures / f"{name}.png"),
        "fence": max(re.findall("`{3,}", config_yaml), key=len, default="``") + "`",
    }
    for name in ("report.md", "report.html"):
        (folder / name).write_text(render(f"{name}.j2", **facts), encoding="utf-8")


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
    what = (
        "one fold: the verdict over all folds" if record.get("fold") else "one of several runs: all"
    )
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


def render(template: str, **facts: Any) -> str:
    """Return a page of the package: what `facts` hold is shown as text, whatever it is.

    Every value is escaped, in HTML and in Markdown; only templates and the numbers that this
    module formats are trusted.

    Args:
        template: name of a file in `evaluation/templates`; `.md.j2` is Markdown, the others HTML.
        facts: what the template names.
    """
    plain = _markdown if template.endswith(".md.j2") else _visible
    templates = Environment(
        loader=PackageLoader("muso_exp.evaluation"),
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
    templates.globals.update(because=because, table_pointer=table_pointer)
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


def embed(path: Path) -> str:
    """Return a PNG file as a data URL."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def link_to(path: Path, folder: Path) -> str:
    """Return the link to a file from a page in `folder`: no scheme, question or part in it."""
    return quote(os.fsencode(os.path.relpath(path, folder)))


def write_index(target: Path, runs: Sequence[Any]) -> None:
    """Write the page over finished runs, newest first, one heading per experiment.

    Args:
        target: the page; links are relative to its folder where the runs lie below it.
        runs: finished runs (`muso_exp.evaluation.finished.Finished`).
    """
    newest = sorted(runs, key=lambda run: run.folder.stat().st_mtime, reverse=True)
    experiments: dict[str, list[dict[str, Any]]] = {}
    for run in newest:
        link = link_to(run.folder / "report.html", target.parent)
        beside = run.folder.parent / "table.html"
        table = link_to(beside, target.parent) if beside.is_file() else None
        entry = {"link": link, "label": run.label, "record": run.record}
        entry |= {"table": table, "sweep": run.folder.parent.name}
        experiments.setdefault(run.record["experiment"], []).append(entry)
    page = render("index.html.j2", experiments=experiments)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")
