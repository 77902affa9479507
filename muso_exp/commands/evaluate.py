"""`python -m muso_exp evaluate`: predictions that were made elsewhere, on a run's test rows."""

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    scores: Annotated[Path, typer.Argument(help="parquet in the layout of predictions.parquet")],
    like: Annotated[Path, typer.Option(help="folder of a finished run with the same test rows")],
    name: Annotated[
        str | None, typer.Option(help="what the predictions are called; else the file's name")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="folder to write; else beside that run")] = None,
) -> None:
    """Judge predictions as those of a run: the same test rows, null models, intervals and card.

    What stands in the file besides the columns that name a test row, and the predictions, is not
    read. Of recommendations the lists `top` are read: item ids, the best first, of any length.
    """
    from muso_exp.elsewhere import evaluated
    from muso_exp.evaluation.terminal_card import short_card
    from muso_exp.terminal import console
    from muso_exp.text import visible

    outcome, folder = evaluated(scores, like, name or scores.stem, out)
    console().print(short_card(outcome.record))
    typer.echo(visible(f"report: {folder / 'report.html'}"))
    typer.echo(visible(folder))
