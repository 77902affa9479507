"""Hooks of MkDocs: the reference pages are written from the code at each build."""

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add commands.md and options.md."""
    from muso_exp.experiment.reference import pages

    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files
