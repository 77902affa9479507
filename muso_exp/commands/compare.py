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
    out: Annotated[
        Path | None,
        typer.Option(help="also write the table: .csv, .md (Markdown) or .tex (LaTeX, booktabs)"),
    ] = None,
) -> None:
    """Set finished runs beside each other, with paired differences to the first."""
    from muso_exp.evaluation.comparison import by_setting, comparison_table, lacking
    from muso_exp.evaluation.exports import check_ending, write_table
    from muso_exp.evaluation.finished import find_runs
    from muso_exp.evaluation.pooling import pooled_table
    from muso_exp.evaluation.tables import print_comparison

    if out is not None:
        check_ending(out)
    runs = find_runs(places)
    table = comparison_table(runs, metric or [], mean)
    metrics = list(dict.fromkeys(table["metric"]))
    pooled = pooled_table(by_setting(runs, mean), metrics, mean)
    print_comparison("comparison", table, pooled, [] if metric else lacking(runs))
    if out is not None:
        write_table(table, out)
