"""`python -m muso_exp report`: one page over all finished runs."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from muso_exp.places import outputs_folder


def report(
    outputs: Annotated[Path, typer.Argument(help="folder of runs", default_factory=outputs_folder)],
    out: Annotated[
        Path | None,
        typer.Option(
            help="page to write; default OUTPUTS/index.html. Of NAME.html the leaderboard is "
            "NAME_leaderboard.html"
        ),
    ] = None,
) -> None:
    """Write one page over all finished runs: the claims, the verdicts, links to the reports.

    Beside it the leaderboard, a page and a table: of each task the runs that validate best.
    """
    from muso_exp.evaluation.exports import check_page
    from muso_exp.evaluation.finished import find_runs
    from muso_exp.evaluation.index import write_index
    from muso_exp.evaluation.leaderboard import write_leaderboard
    from muso_exp.text import visible

    check_page(out)
    target = out or outputs / "index.html"
    logging.basicConfig(format="%(message)s")
    runs = find_runs([outputs], skip_damaged=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    name = "leaderboard.html" if out is None else f"{out.stem}_leaderboard.html"
    board = target.with_name(name)
    write_index(target, runs, board.name)
    write_leaderboard(board, runs, target.name)
    typer.echo(visible(board))
    typer.echo(visible(target))
