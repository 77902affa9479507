"""`python -m muso_exp neighbours`: the items nearest to one, by a run's factors."""

from pathlib import Path
from typing import Annotated

import typer


def neighbours(
    run: Annotated[Path, typer.Argument(help="folder of a finished run that left factors.npz")],
    query: Annotated[
        str, typer.Argument(help="name of an item (artist, or artist - title), or its id")
    ],
    k: Annotated[int, typer.Option(help="how many to show", min=1)] = 10,
) -> None:
    """Show the items nearest to one by the cosine of a finished run's latent factors."""
    from rich.table import Table

    from muso_exp.features.neighbours import nearest
    from muso_exp.formats.factors import load_factors
    from muso_exp.terminal import console
    from muso_exp.training.run_folders import require_one_run

    require_one_run(str(run), run)
    factors = load_factors(run)
    item = factors.find(query)
    table = Table(title=f"nearest to {factors.names[item]}", title_justify="left")
    for heading in ("score", "item", "id"):
        table.add_column(heading, justify="right" if heading == "score" else "left")
    for other, score in nearest(factors.vectors, item, k):
        table.add_row(f"{score:.3f}", factors.names[other], factors.ids[other])
    console().print(table)
