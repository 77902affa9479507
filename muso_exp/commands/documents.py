"""`python -m muso_exp documents`: what the five documents have, and what reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def documents(
    number: Annotated[
        int | None, typer.Argument(help="of a document; none: all", min=1, max=5)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="write the whole table as Markdown instead")
    ] = None,
) -> None:
    """List the five documents row by row: place, command, numbers, state."""
    import pandas as pd

    from muso_exp.errors import ConfigError
    from muso_exp.experiment.documents import as_markdown, document_rows
    from muso_exp.terminal import console, table_of

    rows = document_rows()
    terminal = console()
    if out is not None:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(as_markdown(rows), encoding="utf-8")
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"--out {out}: cannot be written: {reason}") from error
        terminal.print(str(out), soft_wrap=True)
        return
    for document in (number,) if number else range(1, 6):
        shown = [
            {"row": row.what, "place": row.place, "command": row.command, "state": row.state}
            for row in rows
            if row.document == document
        ]
        terminal.print(table_of(f"Document {document}", pd.DataFrame(shown)))
