"""Reading text, JSON and tables so that each fault is told in one line, with its place."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.csv_cells import unguarded
from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.opening import MAX_LINE, is_file, read_whole
from muso_exp.text import CONTROL, visible

Pairs = list[tuple[str, Any]]  # a JSON object, duplicate keys kept
UNREADABLE = "\ufffd"  # stands for a control character where a published file has one
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"  # both halves of a character
    r"|(?P<half>u[dD][89a-fA-F][\da-fA-F]{2})"
    r"|(?P<control>u00(?:0[0-8bBcCeEfF]|1[\da-fA-F]|7[fF]))"
    r"|.)"  # so that a backslash that stands for itself begins no escape
)


def find_file(root: Path, names: Sequence[str]) -> Path | None:
    """Return the first of `names`, plain or .gz, that is in `root`; None if none is.

    Raises:
        DataFormatError: what is called so is no file.
    """
    candidates = [root / (name + suffix) for name in names for suffix in ("", ".gz")]
    return next((path for path in candidates if is_file(path)), None)


def find_files(root: Path, wanted: Mapping[str, Sequence[str]], fix: str) -> dict[str, Path]:
    """Return the path of each wanted file.

    Args:
        root: folder of the data set.
        wanted: the names that each file may have, plain or .gz.
        fix: what to do where files are missing.

    Raises:
        DatasetNotFoundError: the folder or any of the files is missing.
    """
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
    raw = read_whole(path, longest)
    try:
        text = raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        bad = raw[error.start : error.end]
        raise DataFormatError(path, f"not {encoding}", line=line, value=bad, fix=fix) from error
    text = text.replace("\r\n", "\n")
    if not controls:
        refuse_controls(path, text)
    return text


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


def read_table(path: Path, columns: Sequence[str], encoding: str = "utf-8") -> pd.DataFrame:
    """Return a tab-separated table as text, quoting off, no value taken for missing.

    Raises:
        DataFormatError: another header, a row of another length, or no row at all.
    """
    fix = "set dataset.tags_encoding" if "tagValue" in columns else "save it as UTF-8"
    text = read_text(path, encoding, fix)
    lines = text.removesuffix("\n").split("\n")
    if lines[0].split("\t") != list(columns):
        need = f"the header must be {' <tab> '.join(columns)}"
        raise DataFormatError(path, need, line=1, value=lines[0])
    if len(lines) == 1:
        raise DataFormatError(path, "no rows below the header", fix="copy it anew")
    for number, line in enumerate(lines, start=1):
        if line.count("\t") != len(columns) - 1:
            need = f"{len(columns)} tab-separated columns are needed"
            raise DataFormatError(path, need, line=number, value=line)
    return pd.read_csv(
        io.StringIO(text),
        sep="\t",
        dtype=str,
        quoting=csv.QUOTE_NONE,
        na_filter=False,
        skip_blank_lines=False,
        lineterminator="\n",
    )


def whole_numbers(path: Path, table: pd.DataFrame, column: str, least: int = 0) -> np.ndarray:
    """Return a text column as int64, shape (n_rows,).

    Raises:
        DataFormatError: a value that is no whole number, or below `least`.
    """
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    with np.errstate(invalid="ignore"):
        good = (values >= least) & (values == np.floor(values)) & (values < 2**53)
    if not good.all():
        row = int(np.argmin(good))
        need = f"a whole number >= {least} is needed"
        raise DataFormatError(
            path, need, line=row + 2, column=column, value=table[column].iloc[row]
        )
    return values.astype(np.int64)


def refuse_duplicates(path: Path, table: pd.DataFrame, columns: Sequence[str], fix: str) -> None:
    """Raise DataFormatError at the first row that repeats an earlier one in `columns`."""
    repeated = table.duplicated(subset=list(columns)).to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        value = " ".join(str(table[column].iloc[row]) for column in columns)
        what = f"second row of the same {', '.join(columns)}"
        raise DataFormatError(path, what, line=row + 2, value=value, fix=fix)


def refuse_unknown(
    path: Path, table: pd.DataFrame, column: str, known: np.ndarray, where: str
) -> None:
    """Raise DataFormatError at the first value of `column` that `known` lacks."""
    strange = ~np.isin(table[column].to_numpy(dtype=np.int64), known)
    if strange.any():
        row = int(np.argmax(strange))
        value = int(table[column].iloc[row])
        fix = f"add it to {where} or remove this row"
        raise DataFormatError(
            path, f"not in {where}", line=row + 2, column=column, value=value, fix=fix
        )


def read_csv_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a comma-separated file with their line numbers, empty lines left out.

    Raises:
        DataFormatError: no rows, or quotes that do not close.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        rows = [(reader.line_num, [unguarded(cell) for cell in row]) for row in reader if row]
    except csv.Error as error:
        raise DataFormatError(path, f"no CSV: {error}", line=reader.line_num) from error
    if len(rows) < 2:
        raise DataFormatError(path, "no rows below the header", fix="copy it anew")
    return rows


def first_repeat(names: Sequence[str]) -> str | None:
    """Return the first name that occurs a second time, None if all differ."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
