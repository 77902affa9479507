"""Reading text and JSON; each fault is reported in one line, with its place."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.opening import MAX_LINE, PACKED, is_file, read_lines, read_whole
from muso_exp.text import CONTROL, visible

Pairs = list[tuple[str, Any]]  # a JSON object, duplicate keys kept
UNREADABLE = "\ufffd"  # stands for a control character where a published file has one
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"  # both halves of a character
    r"|(?P<half>u[dD][89a-fA-F][\da-fA-F]{2})"
    r"|(?P<control>[bf]|u00(?:0[0-8bBcCeEfF]|1[\da-fA-F]|7[fF]))"
    r"|.)"  # so that a backslash that stands for itself begins no escape
)


def find_file(root: Path, names: Sequence[str]) -> Path | None:
    """Return the first of `names`, plain or packed, that is in `root`; None if none is.

    Raises:
        DataFormatError: what is called so is no file.
    """
    candidates = [root / (name + suffix) for name in names for suffix in ("", *PACKED)]
    return next((path for path in candidates if is_file(path)), None)


def find_files(root: Path, wanted: Mapping[str, Sequence[str]], fix: str) -> dict[str, Path]:
    """Return the path of each wanted file.

    Args:
        root: folder of the data set, or one of the wanted files in it.
        wanted: the names that each file may have, plain or .gz.
        fix: what to do where files are missing.

    Raises:
        DatasetNotFoundError: the folder or any of the files is missing.
    """
    if root.is_file() and any(root.name.startswith(tuple(names)) for names in wanted.values()):
        root = root.parent  # one of the files was given
    if not root.is_dir():
        raise DatasetNotFoundError(root, ["the folder itself"], fix)
    found = {key: find_file(root, names) for key, names in wanted.items()}
    missing = [wanted[key][0] for key, path in found.items() if path is None]
    if missing:
        raise DatasetNotFoundError(root, missing, fix)
    return {key: path for key, path in found.items() if path is not None}


def read_text(
    path: Path,
    encoding: str = "utf-8",
    fix: str = "save it as UTF-8",
    longest: int | None = MAX_LINE,
    controls: bool = False,
) -> str:
    """Return the text of a plain or gzipped file, line ends LF.

    Args:
        path: of the file.
        encoding: of its text.
        fix: what to do where the text has another encoding.
        longest: bytes that a line may have; None for any number.
        controls: whether it may hold control characters.

    Raises:
        DataFormatError: an unreadable file, one that is too large, damaged gzip data, bytes that
            the encoding does not know, or a control character (a tab is none) in its name or text.
    """
    refuse_name(path)
    text = decoded(path, read_whole(path, longest), encoding, fix)
    if not controls:
        refuse_controls(path, text)
    return text


def decoded(path: Path, raw: bytes, encoding: str = "utf-8", fix: str = "save it as UTF-8") -> str:
    """Return the text of a file's bytes without a byte order mark, line ends LF.

    Raises:
        DataFormatError: bytes that the encoding does not know, with their line.
    """
    try:
        text = raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        bad = raw[error.start : error.end]
        raise DataFormatError(path, f"not {encoding}", line=line, value=bad, fix=fix) from error
    return text.replace("\r\n", "\n")


def refuse_name(path: Path) -> None:
    """Raise DataFormatError for a file name that is not UTF-8 or holds a control character."""
    if visible(path) != str(path):
        raise DataFormatError(path, "a control character or no UTF-8 in its name", fix="rename it")


def refuse_controls(path: Path, text: str) -> None:
    """Raise DataFormatError at the first control character, with line and column."""
    found = CONTROL.search(text)
    if found:
        line, column = _place(text, found.start())
        raise DataFormatError(
            path, "a control character", line=line, column=column, value=found[0], fix="remove it"
        )


def _place(text: str, place: int) -> tuple[int, int]:
    """Return line and column of a place in a text, from 1."""
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)


def read_json(path: Path) -> Any:
    """Return the content of a JSON file with each object as a list of (key, value).

    Raises:
        DataFormatError: no JSON, cut off, or text with a control character or half a character.
    """
    text = read_text(path, longest=None)
    _refuse_odd_escapes(path, text)
    try:
        return json.loads(text, object_pairs_hook=list)
    except json.JSONDecodeError as error:
        fix = "the file is damaged or cut off; copy it anew"
        if error.msg == "Extra data":
            fix = "it holds several JSON values, as JSON lines do; one list is read here"
        raise DataFormatError(
            path, f"no JSON: {error.msg}", line=error.lineno, column=error.colno, fix=fix
        ) from error
    except ValueError as error:
        raise DataFormatError(path, f"no JSON: {error}", fix="correct the number") from error
    except RecursionError as error:
        raise DataFormatError(path, "no JSON: nested too deeply", fix="copy it anew") from error


def _refuse_odd_escapes(path: Path, text: str) -> None:
    """Refuse JSON escapes of a control character, and halves of a character (an emoji cut in two).

    Raises:
        DataFormatError: with line and column.
    """
    odd = (found for found in _ESCAPE.finditer(text) if found["half"] or found["control"])
    if (found := next(odd, None)) is not None:
        kind = "half of a character" if found["half"] else "a control character"
        line, column = _place(text, found.start())
        raise DataFormatError(
            path, kind, line=line, column=column, value=found[0], fix="correct or remove it"
        )


def decoded_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a plain or gzipped file of any size, in UTF-8, with their ends.

    Raises:
        DataFormatError: a file that `read_lines` refuses, or bytes that are not UTF-8.
    """
    for number, raw in read_lines(path):
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            bad = raw[error.start : error.end]
            fix = "save it as UTF-8"
            raise DataFormatError(path, "not UTF-8", line=number, value=bad, fix=fix) from error


def first_repeat(names: Sequence[str]) -> str | None:
    """Return the first name that occurs a second time, None if all differ."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
