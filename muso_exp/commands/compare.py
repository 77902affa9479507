"""`python -m muso_exp compare`: finished runs beside each other."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    places: Annotated[
        list[Path], typer.Argument(help="run folders, sweep folders, or outputs/<experiment>")
    ],
    metric: Annotated[
        list[str] | None, typer.Option(help="metric to show; may be given several times")
    ] = None,
    mean: Annotated[bool, typer.Option(help="end with the mean over the runs: folds")] = False,
    by: Annotated[
        list[str] | None,
        typer.Option(help="setting to draw the first metric by (a page); else all that differ"),
    ] = None,
    rope: Annotated[
        float | None,
        typer.Option(min=0.0, help="also the probability of a difference of more than this"),
    ] = None,
    permutation: Annotated[
        bool, typer.Option(help="also p-values by permutation: answers exchanged between runs")
    ] = False,
    unpaired: Annotated[
        bool, typer.Option(help="also differences of runs that were tested on other rows")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="also write: .csv, .md (Markdown), .tex (LaTeX, booktabs), or .html (a page with "
            "figures: which settings the test separates, the metric by each setting)"
        ),
    ] = None,
) -> None:
    """Set finished runs beside each other, with paired differences to the first."""
    from muso_exp.evaluation import pairwise
    from muso_exp.evaluation.comparison import (
        OTHER_ROWS,
        by_setting,
        comparison_table,
        lacking,
        row_labels,
    )
    from muso_exp.evaluation.exports import check_ending, write_table
    from muso_exp.evaluation.finished import find_runs
    from muso_exp.evaluation.numbers import number
    from muso_exp.evaluation.pairwise import bayesian, comparison_sections, require_settings
    from muso_exp.evaluation.pooling import pooled_table
    from muso_exp.evaluation.tables import print_comparison, write_page
    from muso_exp.permuted import permutation_table
    from muso_exp.terminal import console, table_of

    if out is not None:
        check_ending(out)
    runs = find_runs(places)
    require_settings(runs, by or [])
    table = comparison_table(runs, metric or [], mean)
    metrics = list(dict.fromkeys(table["metric"]))
    settings = by_setting(runs, mean)
    pooled = pooled_table(settings, metrics, mean)
    findings = lacking(runs, metrics if metric else ())
    print_comparison("comparison", table, pooled, findings)
    if not unpaired and table["not_paired"].str.startswith(OTHER_ROWS).any():
        console().print(f"{OTHER_ROWS}: --unpaired gives the difference of such runs")
    tables = {}
    labels = row_labels(runs)
    if rope is not None:
        likely = bayesian(runs, labels, metrics, rope)
        tables[f"How likely: beside the first, by more than {rope:g}"] = likely
    if permutation:
        found = permutation_table(runs, labels, metrics)
        tables["By permutation: the difference to the first, its p-value"] = found
    if unpaired:
        apart = pairwise.unpaired(runs, labels, metrics)
        tables["Unpaired: the difference to the first, of tests on other rows"] = apart
    for title, shown in tables.items():
        if len(shown):
            cells = shown.map(lambda cell: number(cell) if isinstance(cell, float) else cell)
            console().print(table_of(title, cells))
        else:
            console().print(f"{title}: no two of these runs can be compared so")
    if out is not None and out.suffix.lower() == ".html":
        sections = list(comparison_sections(settings, metrics[0], by or []))
        write_page(out, table, pooled, findings, sections)
    elif out is not None:
        write_table(table, out)
