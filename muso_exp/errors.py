"""Errors that a user can act on: each is one line that says what was given, needed, and to do."""

import errno
import gc
import signal
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from muso_exp.text import visible

_NO_MEMORY = ("OutOfMemoryError", "OutOfMemoryException")  # of torch, of DuckDB
_KINDS = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class MusoError(Exception):
    """A failure the user can mend; shown as one line, without a traceback."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))


class ConfigError(MusoError):
    """The configuration asks for something that does not exist or does not fit together."""

    exit_code = 2


class SweepRefusedError(ConfigError):
    """No job of this sweep could run: it is refused as a whole."""


class DatasetNotFoundError(MusoError):
    """Files of a data set are not where `dataset.root` says."""

    def __init__(self, root: Path | str, missing: list[str], fix: str) -> None:
        problem = f"not found: {', '.join(missing)}"
        kind = what_is(root)
        if kind not in ("", "a folder"):
            problem = f"{kind}, not a folder"
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


class DivergedError(MusoError):
    """Loss, weights or predictions of a model are not finite."""


class PrunedError(MusoError):
    """A trial of a search was ended early: it validates worse than others did."""


class PartOnlyError(MusoError):
    """A part of the data was asked for and is prepared: the run ends here, as it should."""

    exit_code = 0


class EndedError(MusoError):
    """Code of a model or a data set ended the program."""


class Stopped(BaseException):
    """A signal to stop; the exit status is 128 + its number, as shells have it."""

    def __init__(self, signum: int, by: str = "") -> None:
        self.signum = signum
        super().__init__(f"stopped by {by or signal.Signals(signum).name}")


class Through(BaseException):
    """Carries an error, its cause, through Hydra's callbacks: Hydra only warns of an Exception."""


def meant(ending: BaseException) -> BaseException:
    """Return what an exception out of a model, a data set or a library stands for.

    Lightning turns a KeyboardInterrupt into a SystemExit without a word, and what tidies up after a
    signal to stop may fail itself, as it came in the middle of something.
    """
    for earlier in with_contexts(ending):
        if isinstance(earlier, Stopped):
            return earlier
    if not isinstance(ending, (KeyboardInterrupt, SystemExit)):
        return ending
    if isinstance(ending, KeyboardInterrupt) or isinstance(ending.__context__, KeyboardInterrupt):
        return Stopped(signal.SIGINT, "a KeyboardInterrupt inside the model or data set")
    code = getattr(ending, "code", None)
    call = "sys.exit()" if code is None else f"sys.exit({code!r})"
    return EndedError(
        f"the model or data set ended the program with {call}; raise an error there instead, "
        "with what is wrong"
    )


def let_go(ending: BaseException) -> None:
    """Free what the calls hold that a signal to stop came through; its traceback is then empty.

    It may have come between the rows of a query: the store is locked until that cursor is gone.
    """
    if not isinstance(meant(ending), Stopped):
        return
    for earlier in with_contexts(ending):
        trace = earlier.__traceback__
        while trace is not None:
            following, trace.tb_next = trace.tb_next, None
            trace = following
    gc.collect()


def with_contexts(ending: BaseException) -> Iterator[BaseException]:
    """Yield an exception, then those in whose handling each was raised."""
    earlier: BaseException | None = ending
    while earlier is not None:
        yield earlier
        earlier = earlier.__context__


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, of whatever library, says that the memory was not enough."""
    if isinstance(error, MemoryError) or type(error).__name__ in _NO_MEMORY:
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def what_is(path: Path | str) -> str:
    """Return what lies at a path, in words: a file, a folder, ...; "" where nothing does.

    Raises:
        PermissionError: a folder on the way is closed.
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return "a symbolic link that leads nowhere" if Path(path).is_symlink() else ""
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a circle of symbolic links"
        if isinstance(error, PermissionError):
            raise
        return ""
    except ValueError:  # no path at all: a NUL in it
        return ""
    return next((kind for fits, kind in _KINDS if fits(mode)), "a device")


def require_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Raise ConfigError if `value` is none of `choices`."""
    if value not in choices:
        raise ConfigError(f"dataset.{option}={value}: choose one of {', '.join(choices)}")


def _shorten(value: object, width: int = 60) -> str:
    if isinstance(value, str | bytes):
        value = value[: width + 1]  # the whole may be a GiB
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."
