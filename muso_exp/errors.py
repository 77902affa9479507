"""Errors that a user can act on: each is one line that says what was given, needed, and to do."""

from collections.abc import Sequence
from pathlib import Path


class MusoError(Exception):
    """A failure the user can mend; shown as one line, without a traceback."""

    exit_code = 1


class ConfigError(MusoError):
    """The configuration asks for something that does not exist or does not fit together."""

    exit_code = 2


class DatasetNotFoundError(MusoError):
    """Files of a data set are not where `dataset.root` says."""

    def __init__(self, root: Path | str, missing: list[str], fix: str) -> None:
        problem = f"not found: {', '.join(missing)}"
        if Path(root).is_file():
            problem = "a file, not a folder"
        super().__init__(f"{root}: {problem}; {fix}")


class DataFormatError(MusoError):
    """A file of a data set holds something that its format does not allow."""

    def __init__(
        self,
        path: Path | str,
        problem: str,
        *,
        line: int | None = None,
        column: str | int | None = None,
        value: object = None,
        fix: str = "",
    ) -> None:
        place = str(path)
        if line is not None:
            place += f", line {line}"
        if column is not None:
            place += f", column {column}"
        given = "" if value is None else f", got {_shorten(value)}"
        super().__init__(f"{place}: {problem}{given}" + (f"; {fix}" if fix else ""))


class SourceError(MusoError):
    """A service outside does not give what a collector asks for."""


class CheckpointError(MusoError):
    """A checkpoint or run folder cannot be used as asked."""


def require_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Raise ConfigError if `value` is none of `choices`."""
    if value not in choices:
        raise ConfigError(f"dataset.{option}={value}: choose one of {', '.join(choices)}")


def _shorten(value: object, width: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."
