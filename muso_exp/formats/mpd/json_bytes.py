"""A JSON file as a map of its bytes, so that memory holds what is wanted of it, not the file."""

import codecs
import mmap
import re
import shutil
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import pyarrow as pa

from muso_exp.errors import DataFormatError
from muso_exp.opening import PACKED, open_data

DAMAGED = "the file is cut off or damaged; copy it anew"
_LINE_END = re.compile(rb"\n")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"  # both halves of a character
    rb"|(?P<half>u[dD][89a-fA-F][\da-fA-F]{2})"
    rb"|.)"  # so that a backslash that stands for itself begins no escape
)
_QUESTION_MARK = b"u003f"  # as long as a half


def map_json(path: Path) -> mmap.mmap:
    """Return the bytes of a file, plain or .gz, as a map whose changes never reach the file.

    Raises:
        DataFormatError: unreadable, empty, damaged gzip, or not UTF-8.
    """
    try:
        data = _map(path)
    except ValueError as error:
        raise DataFormatError(path, "empty file", fix="copy it anew") from error
    if data[:3] == codecs.BOM_UTF8:
        data[:3] = b"   "
    _refuse_other_encodings(path, data)
    return data


def _map(path: Path) -> mmap.mmap:
    with open_data(path) as file:
        if path.suffix not in PACKED:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        with TemporaryFile() as unpacked:
            shutil.copyfileobj(file, unpacked, 2**20)
            unpacked.flush()
            return mmap.mmap(unpacked.fileno(), 0, access=mmap.ACCESS_COPY)


def _refuse_other_encodings(path: Path, data: mmap.mmap) -> None:
    ends = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)])
    try:
        text.validate(full=True)  # nothing is copied
    except pa.ArrowInvalid:
        for number, line in enumerate(iter(data.readline, b""), start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                bad = line[error.start : error.end]
                raise DataFormatError(
                    path, "not utf-8", line=number, value=bad, fix="save it as UTF-8"
                ) from error


def replace_halves(data: mmap.mmap) -> None:
    """Put a question mark for each half of a character (an emoji cut in two)."""
    for escape in _ESCAPE.finditer(data):
        if escape["half"]:
            data[slice(*escape.span("half"))] = _QUESTION_MARK


def line_of(data: mmap.mmap, place: int) -> int:
    """Return the line in which a place of the file lies."""
    return sum(1 for _ in _LINE_END.finditer(data, 0, place)) + 1


def malformed(path: Path, data: mmap.mmap, error: Exception, last: str = "") -> DataFormatError:
    """Return the error to raise for a file that is no JSON.

    Args:
        path: the file.
        data: its bytes.
        error: what the decoder raised.
        last: what was read before.
    """
    byte = re.search(r"\(byte (\d+)\)", str(error))
    place = int(byte[1]) if byte else len(data)
    found = re.compile(rb"-?\w+|[^\n]").match(data, place)
    value = found[0].decode(errors="replace") if found else None
    line = line_of(data, place)
    return DataFormatError(path, f"{error}{last}", line=line, value=value, fix=DAMAGED)
