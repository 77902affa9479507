"""`python -m muso_exp metrics`: what a metric or a null model is."""

from typing import Annotated

import typer


def metrics(
    name: Annotated[
        str | None, typer.Argument(help="metric or null model, or a part of its name; none: all")
    ] = None,
) -> None:
    """Explain a metric or a null model of the paper cards: direction, unit, formula."""
    from muso_exp.evaluation.glossary import matching
    from muso_exp.terminal import console, table_of

    terminal = console()
    for title, table in matching(name).items():
        terminal.print(table_of(title, table))
