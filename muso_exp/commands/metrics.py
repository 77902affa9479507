"""`python -m muso_exp metrics`: what a metric, a null model or a word of a card is."""

from typing import Annotated

import typer


def metrics(
    name: Annotated[
        str | None,
        typer.Argument(help="metric, null model or word of a card, or a part of it; none: all"),
    ] = None,
) -> None:
    """Explain a metric of the paper cards (direction, unit, formula), a null model, a word."""
    from muso_exp.evaluation.glossary import matching
    from muso_exp.terminal import console, table_of

    terminal = console()
    for title, table in matching(name).items():
        terminal.print(table_of(title, table))
