"""The table over several runs: in the terminal, as CSV, Markdown and HTML, with a figure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure
from rich.table import Table
from rich.text import Text

from muso_exp.csv_cells import write_csv
from muso_exp.evaluation.comparison import figure_labels, spread_over_seeds
from muso_exp.evaluation.numbers import interval, number
from muso_exp.evaluation.rendering import link_to, render
from muso_exp.evaluation.report import picture
from muso_exp.evaluation.terminal_card import verdict_cell
from muso_exp.figures import common as plots
from muso_exp.records import Finding, Section
from muso_exp.terminal import console, styled

_HEADINGS = ("variant", "seed", "reported", "measured", "95 % interval", "difference to the first",
             "95 % interval", "p (Holm)", "best null", "fit, s", "verdict")  # fmt: skip
_POOLED = ("metric", "setting", "measured", "95 % interval", "best null", "difference",
           "95 % interval", "difference to the first", "95 % interval", "verdict")  # fmt: skip
_NO_NAME = re.compile(r"[^\w.]+")
_NUMBERED = re.compile(r"(\d+)_\w+")  # a variant that is a place on a curve, e.g. 40_factors


def write_comparison(
    folder: Path,
    title: str,
    document: str | None,
    table: pd.DataFrame,
    pooled: pd.DataFrame | None = None,
    findings: Sequence[Finding] = (),
    brief: bool = False,
    sections: Sequence[Section] = (),
) -> None:
    """Print the comparison and write `table.csv`, `table.html` and a figure per metric.

    Over folds or seeds also `verdicts.csv`.

    Args:
        folder: of the sweep.
        title: name of the experiment.
        document: title of the paper, if there is one.
        table: from `muso_exp.evaluation.comparison.comparison_table`.
        pooled: verdicts over folds or seeds, from `muso_exp.evaluation.pooling.pooled_table`.
        findings: what a careful reader would want to know of the runs together.
        brief: print the first metric alone; the files have all.
        sections: figures over the runs together, of `muso_exp.evaluation.pairwise`.
    """
    pooled = pd.DataFrame() if pooled is None else pooled
    _print_some(title, table, pooled, findings, brief)
    write_csv(table, folder / "table.csv")
    if len(pooled):
        write_csv(pooled, folder / "verdicts.csv")
    figures = {}
    for metric, rows in table.groupby("metric", sort=False):
        path = folder / f"{metric}.png"
        plots.save(partial(metric_figure, str(metric), rows), path)
        figures[metric] = picture(path, f"{metric} by variant")
    for section in sections:
        if section.figure is not None:
            plots.save(section.figure, folder / f"{_NO_NAME.sub('_', section.name)}.png")
    facts = table_facts(table, pooled, findings)
    page = _page(folder, title, document, table, figures, facts, sections)
    (folder / "table.html").write_text(page, encoding="utf-8")


def write_page(
    path: Path,
    table: pd.DataFrame,
    pooled: pd.DataFrame,
    findings: Sequence[Finding],
    sections: Sequence[Section],
) -> None:
    """Write a comparison as one page that opens offline.

    Args:
        path: the page.
        table: from `muso_exp.evaluation.comparison.comparison_table`.
        pooled: verdicts over folds or seeds.
        findings: what a careful reader would want to know of the runs together.
        sections: figures over the runs together.
    """
    figures = {
        metric: Markup(plots.to_svg(metric_figure(str(metric), rows), f"metric-{place}"))
        for place, (metric, rows) in enumerate(table.groupby("metric", sort=False))
    }
    facts = table_facts(table, pooled, findings)
    text = _page(path.parent, "comparison", "Finished runs.", table, figures, facts, sections)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _page(
    folder: Path,
    title: str,
    document: str | None,
    table: pd.DataFrame,
    figures: Mapping[Any, Any],
    facts: Mapping[str, Any],
    sections: Sequence[Section],
) -> str:
    drawn = [
        {
            "title": section.title,
            "text": section.text,
            "drawn": Markup(plots.to_svg(section.figure, f"section-{place}")),
        }
        for place, section in enumerate(sections)
        if section.figure is not None
    ]
    return render(
        "table.html.j2",
        title=title,
        document=document,
        figures=figures,
        links=_links(table, folder),
        sections=drawn,
        **facts,
    )


def table_facts(
    table: pd.DataFrame, pooled: pd.DataFrame, findings: Sequence[Finding]
) -> dict[str, Any]:
    """Return what `templates/table_body.html` shows of a comparison, but for figures and links."""
    return {
        "data_lines": data_lines,
        "matrix": verdict_matrix(table),
        "groups": list(table.groupby("metric", sort=False)),
        "spread": spread_over_seeds(table),
        "pooled": pooled,
        "findings": findings,
    }


def _print_some(
    title: str,
    table: pd.DataFrame,
    pooled: pd.DataFrame,
    findings: Sequence[Finding],
    brief: bool,
) -> None:
    """Print all metrics, or where `brief` the first one."""
    metrics = list(dict.fromkeys(table["metric"]))
    shown = metrics[:1] if brief else metrics
    of_pooled = pooled[pooled["metric"].isin(shown)] if len(pooled) else pooled
    print_comparison(title, table[table["metric"].isin(shown)], of_pooled, findings)
    if len(shown) < len(metrics):
        console().print(
            f"{len(metrics) - 1} more metrics in table.html and table.csv; -v shows all"
        )


def verdict_matrix(table: pd.DataFrame) -> dict[str, Any]:
    """Return the verdicts of a comparison as a matrix: a row per run, a column per metric.

    Args:
        table: from `muso_exp.evaluation.comparison.comparison_table`.

    Returns:
        `metrics`, and `rows`: label -> the row of the table of each metric, None where it lacks it.
    """
    metrics = list(dict.fromkeys(table["metric"]))
    runs = table.drop_duplicates(["variant", "seed"])  # some may lack the first metric
    labels = dict(
        zip(zip(runs["variant"], runs["seed"], strict=True), figure_labels(runs), strict=True)
    )
    rows: dict[str, dict[str, Any]] = {label: dict.fromkeys(metrics) for label in labels.values()}
    for row in table.to_dict("records"):
        rows[labels[row["variant"], row["seed"]]][row["metric"]] = row
    return {"metrics": metrics, "rows": rows}


def _links(table: pd.DataFrame, folder: Path) -> dict[str, str]:
    """Return where the report of each run lies, as seen from the folder of the sweep."""
    runs = filter(None, table["run"])
    return {run: link_to(Path(run) / "report.html", folder) for run in runs}


def metric_figure(metric: str, rows: pd.DataFrame) -> Figure:
    """Draw a curve where every variant is a number of the same thing, else one line each."""
    names = rows["variant"].tolist()
    measured = rows["measured"].to_numpy(dtype=float)
    intervals = rows[["low", "high"]].to_numpy(dtype=float)
    numbers = [match and int(match[1]) for match in map(_NUMBERED.fullmatch, names)]
    if None in numbers or len(set(numbers)) < 2:
        nulls = rows["best_null"].to_numpy(dtype=float)
        labels, reference = figure_labels(rows), "best null model of the row"
        return plots.forest_figure(labels, measured, intervals, metric, nulls, reference)
    reported = rows["reported"].to_numpy(dtype=float)
    what = names[0].partition("_")[2]
    return plots.curve_figure(np.array(numbers), measured, intervals, reported, what, metric)


def print_comparison(
    title: str,
    table: pd.DataFrame,
    pooled: pd.DataFrame | None = None,
    findings: Sequence[Finding] = (),
) -> None:
    """Print the verdicts over folds or seeds, a table per metric, and the spread over seeds."""
    terminal = console()
    for finding in findings:
        terminal.print(styled(("! " if finding.level == "warning" else "- ", "bold"), finding.text))
    if pooled is not None and len(pooled):
        terminal.print(_pooled_table(title, pooled))
    for metric, rows in table.groupby("metric", sort=False):
        shown = Table(title=f"{title}: {metric}", title_justify="left", caption_justify="left")
        shown.caption = data_lines(rows)
        for place, heading in enumerate(_HEADINGS):
            left, whole = place in (0, len(_HEADINGS) - 1), "interval" in heading
            shown.add_column(heading, justify="left" if left else "right", no_wrap=whole)
        for row in rows.itertuples():
            shown.add_row(*_cells(row))
        terminal.print(shown)
    spread = spread_over_seeds(table)
    if len(spread):
        shown = Table(title=f"{title}: over seeds", title_justify="left")
        for heading in ("metric", "variant", "seeds", "mean", "standard deviation"):
            shown.add_column(heading)
        for metric, variant, count, mean, std in spread.itertuples(index=False):
            shown.add_row(metric, variant, str(count), number(mean), number(std))
        terminal.print(shown)


def _pooled_table(title: str, pooled: pd.DataFrame) -> Table:
    """Return the verdicts over folds or seeds as a terminal table."""
    shown = Table(title=f"{title}: the verdict over all runs", title_justify="left")
    for heading in _POOLED:
        shown.add_column(heading, no_wrap="interval" in heading)
    for row in pooled.itertuples():
        shown.add_row(*_pooled_cells(row))
    return shown


def _pooled_cells(row: Any) -> list[str | Text]:
    return [
        row.metric,
        f"{row.variant}\n{row.over}",
        number(row.measured),
        interval((row.low, row.high)),
        f"{number(row.null_value)} {row.best_null}",
        number(row.difference),
        interval((row.difference_low, row.difference_high)),
        number(row.versus_first),
        interval((row.versus_first_low, row.versus_first_high)),
        verdict_cell(row.verdict, row.because_of, row.could_show),
    ]


def data_lines(rows: pd.DataFrame) -> str:
    """Return which data the rows are of: once, or by variant where they differ."""
    if rows["data"].nunique() == 1:
        return rows["data"].iloc[0]
    return "; ".join(f"{row.variant}: {row.data}" for row in rows.itertuples())


def _cells(row: Any) -> list[str | Text]:
    return [
        row.variant,
        str(row.seed),
        styled(number(row.reported), (f"\n{row.holds}" if row.holds else "", "dim")),
        number(row.measured),
        interval((row.low, row.high)),
        styled((row.not_paired, "dim")) if row.not_paired else number(row.difference),
        interval((row.difference_low, row.difference_high)),
        number(getattr(row, "p_holm", None), digits=2),
        number(row.best_null),
        number(row.fit_seconds),
        verdict_cell(row.verdict, row.because_of, row.could_show),
    ]
