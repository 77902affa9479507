"""The rows of a listening history, whatever service wrote it, and what each format offers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.services.parts import Part
from muso_exp.formats.mpd.json_bytes import malformed, replace_halves

_TEXT = pa.string()
TEXTS = ("user", "artist", "title", "album", "uri", "playlist")
LISTENS = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        ("time", pa.timestamp("s", "UTC")),
        ("ms_played", pa.int64()),
        ("n_plays", pa.float64()),
    ]
)
NOT_MUSIC = "podcasts or audiobooks"
NAMELESS = "without a name"
NO_PLAYS = "with 0 plays"
_WHOLE = 2.0**53  # beyond it a float is no longer every whole number
UNKNOWN = ("Unknown Artist", "Unknown Track")  # Spotify's words for a file that has no tags


@dataclass(frozen=True)
class Listens:
    """The rows of one part of a history.

    Attributes:
        table: of the schema `LISTENS`. A text that is not there is "", a number null; `user` is
            "" where no column names the user; `n_plays` is null where a row is no play, as in a
            playlist, and a fraction where a table has weights; a time that cannot be read is null.
        left_out: rows that are not in the table, by reason.
    """

    table: pa.Table
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Format:
    """A format of listening histories.

    Attributes:
        name: for people.
        recognise: the first 64 KiB of a file as text, without a byte order mark -> whether the file
            is of this format.
        read: all rows of a part.
        numbered: of the names of files that are parts of one export; None where each file stands
            alone.
    """

    name: str
    recognise: Callable[[str], bool]
    read: Callable[[Part], Listens]
    numbered: re.Pattern[str] | None = None


def listens(columns: Mapping[str, pa.Array], left_out: Mapping[str, int] | None = None) -> Listens:
    """Return columns as `Listens`: missing ones are empty, texts are trimmed.

    Args:
        columns: some of `LISTENS`, of equal length; a text may be null.
        left_out: rows that are not among them.
    """
    n = len(next(iter(columns.values())))
    arrays = []
    for name, kind in zip(LISTENS.names, LISTENS.types, strict=True):
        column = columns.get(name, pa.nulls(n, kind))
        if name in TEXTS:
            column = pc.utf8_trim_whitespace(pc.fill_null(pc.cast(column, pa.string()), ""))
        arrays.append(column.cast(kind))
    return Listens(pa.table(arrays, schema=LISTENS), Counter(left_out or {}))


def kept(table: Mapping[str, pa.Array], left: Mapping[str, pa.Array]) -> Listens:
    """Return the rows that no reason leaves out.

    Args:
        table: see `listens`.
        left: of each reason, which rows it leaves out, bool; the first reason of a row counts.
    """
    n = len(next(iter(table.values())))
    stays, counts = pa.array(np.ones(n, dtype=bool)), {}
    for reason, gone in left.items():
        now = pc.and_(stays, gone)
        counts[reason] = pc.sum(now).as_py() or 0
        stays = pc.and_(stays, pc.invert(gone))
    rows = {name: column.filter(stays) for name, column in table.items()}
    return listens(rows, {reason: number for reason, number in counts.items() if number})


Decoded = TypeVar("Decoded")


def decode_json(part: Part, kind: type[Decoded], lines: bool = False) -> Decoded:
    """Return the JSON of a part as a type of msgspec.

    Args:
        part: of a history.
        kind: what the JSON holds.
        lines: whether each line is JSON; `kind` is then that of all lines, a list.

    Raises:
        DataFormatError: no JSON, or not of this type.
    """
    decoder: msgspec.json.Decoder = msgspec.json.Decoder(_item(kind) if lines else kind)
    decode = decoder.decode_lines if lines else decoder.decode
    raw = part.read()
    try:
        return decode(raw)  # type: ignore[return-value]
    except msgspec.ValidationError as error:
        raise DataFormatError(part.place, str(error), fix="copy it anew") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        mended = bytearray(raw)
        replace_halves(mended)  # type: ignore[arg-type]
    try:
        return decode(mended)  # type: ignore[return-value]
    except msgspec.ValidationError as error:
        raise DataFormatError(part.place, str(error), fix="copy it anew") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(part.place, raw, error) from error  # type: ignore[arg-type]


def _item(kind: type) -> type:
    return kind.__args__[0]  # type: ignore[attr-defined]


def column(rows: list, name: str, kind: pa.DataType = _TEXT) -> pa.Array:
    """Return an attribute of decoded rows as a column."""
    return pa.array([getattr(row, name) for row in rows], type=kind)


def whole(rows: list, name: str) -> pa.Array:
    """Return an attribute that is a number or None as whole numbers; null beyond 2**53."""
    values = column(rows, name, pa.float64())
    small = pc.fill_null(pc.less(pc.abs(values), _WHOLE), False)
    return pc.cast(pc.round(pc.if_else(small, values, None)), pa.int64())


def both_empty(one: pa.Array, other: pa.Array) -> pa.Array:
    """Return in which rows neither text says anything."""
    return pc.and_(is_empty(one), is_empty(other))


def is_empty(texts: pa.Array) -> pa.Array:
    """Return which texts are null or blank."""
    return pc.equal(pc.utf8_trim_whitespace(pc.fill_null(texts, "")), "")
