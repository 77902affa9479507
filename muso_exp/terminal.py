"""What is printed: names and paths as they are, whatever signs they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from muso_exp.text import visible

if TYPE_CHECKING:
    import pandas as pd

PIPED_WIDTH = 160  # characters of a line where no terminal says how many it has


class _PlainConsole(Console):
    """A console that takes no markup from text and sends no control characters of text."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the text with its control characters made visible."""
        return super().render_str(visible(text), **options)


def console(stderr: bool = False) -> Console:
    """Return the console for results, or for progress on standard error.

    Text is shown as it stands: `[bold]` and `:smile:` are no markup. Styles are given by
    `rich.text.Text`.
    """
    plain = _PlainConsole(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not plain.is_terminal:
        plain.width = PIPED_WIDTH
    return plain


def styled(*parts: str | tuple[str, str]) -> Text:
    """Return texts, each alone or with its style, as one; control characters made visible."""
    pieces = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((visible(text), style) for text, style in pieces))


def table_of(title: str, rows: pd.DataFrame) -> Table:
    """Return a table of texts and numbers, as they are."""
    table = Table(*(visible(name) for name in rows), title=styled(title), title_justify="left")
    for row in rows.itertuples(index=False):
        table.add_row(*(styled(str(cell)) for cell in row))
    return table
