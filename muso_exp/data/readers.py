"""Reading text, JSON and tables so that each fault is told in one line, with its place."""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.csv_cells import unguarded
from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.text import CONTROL, visible

Pairs = list[tuple[str, Any]]  # a JSON object, duplicate keys kept
_ESCAPED = re.compile(r"(?<!\\)(?:\\\\)*(\\(?:[bf]|u00(?:0[0-8bcef]|1[0-9a-f]|7f)))", re.IGNORECASE)


def find_file(root: Path, names: Sequence[str]) -> Path | None:
    """Return the first of `names`, plain or .gz, that is in `root`; None if none is."""
    candidates = [root / (name + suffix) for name in names for suffix in ("", ".gz")]
    return next((path for path in candidates if path.is_file()), None)


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


def read_text(path: Path, encoding: str = "utf-8", fix: str = "save it as UTF-8") -> str:
    """Return the text of a plain or gzipped file, line ends LF.

    Raises:
        DataFormatError: an unreadable file, damaged gzip data, bytes that the encoding does not
            know, or a control character in the name or the text.
    """
    refuse_name(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataFormatError(path, f"cannot be read: {error.strerror}") from error
    if path.suffix == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise DataFormatError(
                path, f"damaged gzip file: {error}", fix="copy it anew"
            ) from error
    try:
        text = raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        bad = raw[error.start : error.end]
        raise DataFormatError(path, f"not {encoding}", line=line, value=bad, fix=fix) from error
    text = text.replace("\r\n", "\n")
    refuse_control(path, text)
    return text


def refuse_name(path: Path) -> None:
    """Raise DataFormatError for a file name that is not UTF-8 or holds a control character."""
    if visible(path) != str(path):
        raise DataFormatError(path, "a control character or no UTF-8 in its name", fix="rename it")


def refuse_control(path: Path, text: str, escaped: bool = False) -> None:
    r"""Raise DataFormatError at the first control character other than a tab or a line end.

    No name holds one; a terminal obeys it, and C libraries end a name there.

    Args:
        path: of the file, for the message.
        text: its text, or a part of it without lines before.
        escaped: whether to look for those that JSON writes as `\u001b` instead.
    """
    found = (_ESCAPED if escaped else CONTROL).search(text)
    if found:
        sign = found[found.lastindex or 0]
        line = text.count("\n", 0, found.start()) + 1
        column = found.end() - len(sign) - text.rfind("\n", 0, found.start())
        raise DataFormatError(
            path, "a control character", line=line, column=column, value=sign, fix="remove it"
        )


def read_json(path: Path) -> Any:
    """Return the content of a JSON file with each object as a list of (key, value).

    Raises:
        DataFormatError: no JSON, or cut off.
    """
    text = read_text(path)
    refuse_control(path, text, escaped=True)
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
