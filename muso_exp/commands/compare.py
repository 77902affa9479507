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
    out: Annotated[
        Path | None,
        typer.Option(
            help="also write: .csv, .md (Markdown), .tex (LaTeX, booktabs), or .html (a page with "
            "figures: which settings the test separates, the metric by each setting)"
        ),
    ] = None,
) -> None:
    """Set finished runs beside each other, with paired differences to the first."""
    from muso_exp.evaluation.comparison import by_setting, comparison_table, lacking, row_labels
    from muso_exp.evaluation.exports import check_ending, write_table
    from muso_exp.evaluation.finished import find_runs
    from muso_exp.evaluation.pairwise import bayesian, comparison_sections, require_settings
    from muso_exp.evaluation.pooling import pooled_table
    from muso_exp.evaluation.tables import print_comparison, write_page
    from muso_exp.terminal import console, table_of

    if out is not None:
        check_ending(out)
    runs = find_runs(places)
    require_settings(runs, by or [])
    table = comparison_table(runs, metric or [], mean)
    metrics = list(dict.fromkeys(table["metric"]))
    settings = by_setting(runs, mean)
    pooled = pooled_table(settings, metrics, mean)
    findings = [] if metric else lacking(runs)
    print_comparison("comparison", table, pooled, findings)
    if rope is not None:
        likely = bayesian(runs, row_labels(runs), metrics, rope)
        if len(likely):
            console().print(
                table_of(f"How likely: beside the first, by more than {rope:g}", likely)
            )
        else:
            console().print("How likely: no two of these runs were tested on the same rows")
    if out is not None and out.suffix.lower() == ".html":
        sections = list(comparison_sections(settings, metrics[0], by or []))
        write_page(out, table, pooled, findings, sections)
    elif out is not None:
        write_table(table, out)
