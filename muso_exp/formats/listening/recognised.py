"""Which source of plays the files of a folder look like, where another one was named."""

from pathlib import Path

from muso_exp.errors import DatasetNotFoundError
from muso_exp.formats.listening.sources import SOURCES
from muso_exp.formats.text import find_file


def find_plays(name: str, root: Path) -> dict[str, Path]:
    """Return the files of a source in a folder.

    Raises:
        DatasetNotFoundError: some are missing; if the folder holds all files of another source, the
            message names that one.
    """
    source = SOURCES[name]
    try:
        return source.find(root)
    except DatasetNotFoundError as error:
        others = looks_like(root)
        if not others:
            raise
        hint = " or ".join(f"add dataset.source={other}" for other in others)
        named = " or ".join(others)
        raise DatasetNotFoundError(
            root, [f"files of {name}"], f"these look like {named}: {hint}"
        ) from error


def looks_like(root: Path) -> list[str]:
    """Return the sources whose files are all in a folder, by name."""
    return [
        name
        for name, source in SOURCES.items()
        if source.wanted and all(find_file(root, names) for names in source.wanted.values())
    ]
