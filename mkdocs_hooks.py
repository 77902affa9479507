"""Hooks of MkDocs: what is written from the code at each build."""

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

HERE = str(Path(__file__).resolve().parent)
MEASURED = re.compile(r"<!-- measured: (\d) -->")


def on_startup(**_: Any) -> None:
    """Let the hooks import the package; what a hook adds to the path as it loads is taken back."""
    if HERE not in sys.path:
        sys.path.insert(0, HERE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add commands.md and options.md."""
    from muso_exp.experiment.reference import pages

    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the measured values of a document, as its experiments note them, into its page."""
    from muso_exp.experiment.documents import measured_table

    return MEASURED.sub(lambda found: _figures(measured_table(int(found[1]))), markdown)


def _figures(table: str) -> str:
    says = (
        "**Our figures**, as the YAML of each experiment notes them (desk scale, 95 % intervals):"
    )
    return f"{says}\n\n{table}"
