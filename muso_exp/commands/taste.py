"""`python -m muso_exp taste`: one person's listening history -> a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def taste(
    files: Annotated[
        list[Path], typer.Argument(help="listening histories: files, folders, zip archives")
    ],
    timezone: Annotated[str, typer.Option(help="for hours and days: Europe/Vienna")] = "UTC",
    min_seconds: Annotated[
        float, typer.Option(help="plays of which fewer seconds are known are left out", min=0)
    ] = 30,
    out: Annotated[Path, typer.Option(help="folder for the page and its tables")] = Path("taste"),
) -> None:
    """Show what one person listens to, as a page: exports of Spotify, Last.fm, ListenBrainz.

    All that is given is one person's. Nothing is sent anywhere.
    """
    from muso_exp.evaluation.taste_page import write_taste
    from muso_exp.formats.listening.histories import read_history
    from muso_exp.tasks.taste.taste import taste as compute
    from muso_exp.terminal import console

    history = read_history(files, timezone, min_seconds, one_person=True)
    page = write_taste(compute(history), out)
    terminal = console()
    terminal.print(history.summary(), soft_wrap=True)
    terminal.print(str(page), soft_wrap=True)
