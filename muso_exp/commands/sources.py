"""`python -m muso_exp sources`: sources of plays beside each other, table 3.1 of the thesis."""

from pathlib import Path
from typing import Annotated

import typer

from muso_exp.errors import ConfigError


def sources(
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE=FOLDER...",
            help="lfm1b, taste_profile, hetrec, audioscrobbler, muso, emotify, table or history",
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="also write the table: .csv")] = None,
) -> None:
    """Print users, songs and interactions of sources of plays, as table 3.1 of the thesis does."""
    from muso_exp.commands.predict import check_out, write_table
    from muso_exp.formats.listening.source_sizes import source_sizes
    from muso_exp.terminal import console

    check_out(out)
    table = source_sizes([_pair(text) for text in given])
    if out is not None:
        write_table(out, table)
    console().print(table.to_string(index=False), soft_wrap=True, markup=False)


def _pair(text: str) -> tuple[str, Path]:
    """Return source and folder of an argument.

    Raises:
        ConfigError: no `=` in it.
    """
    source, sign, folder = text.partition("=")
    if not sign or not folder:
        raise ConfigError(f"{text}: SOURCE=FOLDER is needed, e.g. lfm1b=LFM-1b")
    return source, Path(folder)
