"""report.md and report.html of a run (self-contained), and the card as a terminal table."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from muso_exp.evaluation import card as paper
from muso_exp.records import Finding, Section

_COLOURS = {
    paper.REPRODUCED: "green",
    paper.BETTER: "green",
    paper.NOT_REPRODUCED: "red",
    paper.WORSE: "red",
    paper.NO_BETTER: "yellow",
}


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
            section.figure.savefig(figures / f"{section.name}.png", dpi=120)
    templates = environment()
    facts = {
        "record": record,
        "card": card,
        "audit": audit,
        "sections": sections,
        "title": record["experiment"],
        "config": config_yaml,
        "nulls": nulls_table(record),
        "image": lambda name: embed(figures / f"{name}.png"),
    }
    for template in ("report.md", "report.html"):
        text = templates.get_template(f"{template}.j2").render(facts)
        (folder / template).write_text(text, encoding="utf-8")


def nulls_table(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the metrics of the model and of every null model, a row each."""
    rows = {paper.MODEL: record["metrics"], **record["nulls"]}
    table = pd.DataFrame(rows).T
    table.insert(0, "predictor", table.index)
    return table


def card_tables(record: Mapping[str, Any]) -> Group:
    """Return the paper card as terminal tables, from what metrics.json holds."""
    tables = [_claims_table(record)] if record["claims"] else []
    return Group(_audit_lines(record), "", *tables, _versus_table(record))


def _audit_lines(record: Mapping[str, Any]) -> Group:
    marks = {"warning": "[red]![/red]", "note": "[dim]-[/dim]"}
    lines = [f"{marks[found['level']]} {escape(found['text'])}" for found in record["audit"]]
    return Group("[bold]audit of the data[/bold]", *lines)


def _claims_table(record: Mapping[str, Any]) -> Table:
    title = f"{record['experiment']}: what the paper reports ({paper.data_line(record)})"
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("claim", ratio=3)
    for name in ("reported", "measured", "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("does it hold?", ratio=2)
    table.add_column("best null", justify="right")
    table.add_column("reported against null")
    for row in record["claims"]:
        table.add_row(
            f"{_measure(row)}\n[dim]{escape(_place(row))}[/dim]",
            number(row["reported"]),
            number(row["measured"]),
            interval(row["interval"]),
            verdict_markup(row["verdict"], f"{row['verdict']}\n[dim]{row['reason']}[/dim]"),
            f"{number(row['null_value'])}\n[dim]{row['best_null']}[/dim]",
            verdict_markup(row["reported_vs_null"], row["reported_vs_null"] or "-"),
        )
    return table


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['source']} ({row['condition']})" if row["condition"] else row["source"]


def _measure(row: Mapping[str, Any]) -> str:
    return row["metric"] if row["of"] == paper.MODEL else f"{row['metric']} of {row['of']}"


def _versus_table(record: Mapping[str, Any]) -> Table:
    title = f"{record['experiment']}: is it more than nothing?"
    tested = ", ".join(f"{name} {count}" for name, count in record["n"].items())
    table = Table(title=title, caption=tested, title_justify="left", caption_justify="left")
    for name in ("metric", "measured", "95 % interval", "best null", "difference", "95 % interval"):
        table.add_column(name, justify="left" if name == "metric" else "right", no_wrap=True)
    table.add_column("verdict")
    for row in record["versus"]:
        table.add_row(
            row["metric"],
            number(row["measured"]),
            interval(row["interval"]),
            f"{number(row['null_value'])} {row['best_null']}",
            number(row["difference"]),
            interval(row["difference_interval"]),
            verdict_markup(row["verdict"], row["verdict"]),
        )
    return table


def verdict_markup(verdict: str | None, text: str) -> str:
    """Return `text` in the colour of its verdict, as rich markup."""
    colour = _COLOURS.get(verdict or "")
    return f"[{colour}]{text}[/{colour}]" if colour else text


def environment() -> Environment:
    """Return the templates with the filters that they use."""
    templates = Environment(
        loader=PackageLoader("muso_exp.evaluation"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(number=number, interval=interval, cell=_cell)
    templates.globals.update(data_line=paper.data_line, MODEL=paper.MODEL)
    return templates


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    return str(value).replace("|", "\\|").replace("\n", " ")


def embed(path: Path) -> str:
    """Return a PNG file as a data URL."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def write_index(target: Path, runs: Sequence[Any]) -> None:
    """Write the page over finished runs, newest first, one heading per experiment.

    Args:
        target: the page; links are relative to its folder where the runs lie below it.
        runs: finished runs (`muso_exp.evaluation.comparison.Finished`).
    """
    newest = sorted(runs, key=lambda run: run.folder.stat().st_mtime, reverse=True)
    experiments: dict[str, list[dict[str, Any]]] = {}
    for run in newest:
        link = os.path.relpath(run.folder / "report.html", target.parent)
        beside = run.folder.parent / "table.html"
        table = os.path.relpath(beside, target.parent) if beside.is_file() else None
        entry = {"link": link, "label": run.label, "record": run.record}
        entry |= {"table": table, "sweep": run.folder.parent.name}
        experiments.setdefault(run.record["experiment"], []).append(entry)
    page = environment().get_template("index.html.j2").render(experiments=experiments)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")
