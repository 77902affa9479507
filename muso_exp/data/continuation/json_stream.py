"""A JSON file with one long list, an item at a time: memory holds one item, not the file.

The standard library's decoder does the parsing; this module feeds it and knows the place.
"""

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

from muso_exp.errors import DataFormatError

CHUNK = 2**20  # bytes read at once
LONGEST = 2**26  # characters of one item: more than any playlist has
_SPACE = re.compile(r"[ \t\n\r]*")
_NOT_A_NUMBER = re.compile(r"-?\b(NaN|Infinity)\b")
_CUT = "the file is cut off or damaged; copy it anew"


class _NotANumberError(ValueError):
    """The file holds NaN or an infinity, which JSON does not have."""


class JsonStream:
    """Reads `{"...": ..., "<items>": [item, item, ...], ...}`.

    Args:
        path: the file, plain or .gz.
        items: name of the long list.
        what: what an item is called in messages.

    Attributes:
        header: the other members of the object; whole once the items are read.
    """

    def __init__(self, path: Path, items: str, what: str) -> None:
        self.path, self.items, self.what = path, items, what
        self.header: dict[str, Any] = {}
        self.number = 0  # of the item that is read
        self._decoder = json.JSONDecoder(parse_constant=_refuse)
        self._text, self._begin, self._place, self._lines, self._ended = "", 0, 0, 0, False

    @property
    def line(self) -> int:
        """Return the line on which the last item began."""
        return self._lines + self._text.count("\n", 0, self._begin) + 1

    def __iter__(self) -> Iterator[Any]:
        """Yield the items.

        Raises:
            DataFormatError: unreadable, empty, not UTF-8, cut off, no JSON, NaN or an infinity, or
                no such list.
        """
        try:
            with _open(self.path) as self._file:
                self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
                yield from self._object()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            problem = f"damaged gzip file: {error}"
            raise DataFormatError(self.path, problem, fix="copy it anew") from error
        except OSError as error:
            raise DataFormatError(self.path, f"cannot be read: {error.strerror}") from error

    def _object(self) -> Iterator[Any]:
        if self._next() == "":
            raise DataFormatError(self.path, "empty file", fix="copy it anew")
        self._expect("{", f'an object with the list "{self.items}" is needed')
        found = False
        while self._next() != "}":
            key = self._value()
            self._expect(":", "a colon is needed")
            if key == self.items:
                found = True
                yield from self._list()
            elif isinstance(key, str):
                self.header[key] = self._value()
            else:
                self._fail("a name in quotes is needed")
            self._comma("}")
        self._place += 1
        if self._next() != "":
            self._fail("more text after the end of the JSON")
        if not found:
            fix = "this is no file of the Million Playlist Dataset"
            raise DataFormatError(self.path, f'no list "{self.items}"', fix=fix)

    def _list(self) -> Iterator[Any]:
        self._expect("[", f'"{self.items}" must be a list')
        while self._next() != "]":
            self.number += 1
            yield self._value()
            self._comma("]")
        self._place += 1
        self.number = 0

    def _value(self) -> Any:
        """Return the JSON value at the place, reading on until it is whole."""
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
            except _NotANumberError as error:
                self._fail(str(error), self._not_a_number())
            except json.JSONDecodeError as error:
                if self._ended:
                    self._fail(f"no JSON: {error.msg}", error.pos)
                if len(self._text) - self._place > LONGEST:
                    self._fail(f"no JSON in {LONGEST:,} characters: {error.msg}", error.pos)
            except RecursionError:
                self._fail("no JSON: nested too deeply")
            except ValueError as error:  # a number of thousands of digits
                self._fail(f"no JSON: {error}")
            else:
                if end < len(self._text) or self._ended:  # a number may go on
                    self._begin, self._place = self._place, end
                    return value
            self._read()

    def _not_a_number(self) -> int:
        found = _NOT_A_NUMBER.search(self._text, self._place)
        return found.start() if found else self._place

    def _next(self) -> str:
        """Return the next character that is no space, "" at the end of the file."""
        while True:
            self._place = cast(re.Match, _SPACE.match(self._text, self._place)).end()
            if self._place < len(self._text):
                return self._text[self._place]
            if self._ended:
                return ""
            self._read()

    def _comma(self, end: str) -> None:
        """Pass a comma with something behind it, unless the end is reached."""
        if self._next() != end:
            self._expect(",", "a comma is needed")
            if self._next() == end:
                self._fail("nothing behind the comma")

    def _expect(self, character: str, problem: str) -> None:
        if self._next() != character:
            self._fail(problem)
        self._place += 1

    def _read(self) -> None:
        """Append a chunk of the file, dropping what is done with."""
        self._lines += self._text.count("\n", 0, self._place)
        rest = self._text[self._place :]
        raw = self._file.read(max(CHUNK, len(rest)))  # doubled, so that long items cost no square
        self._ended = not raw
        try:
            new = self._utf8.decode(raw, final=self._ended)
        except UnicodeDecodeError as error:
            lines = rest.count("\n") + error.object[: error.start].count(b"\n")
            bad = error.object[error.start : error.end]
            line = self._lines + lines + 1
            raise DataFormatError(
                self.path, "not utf-8", line=line, value=bad, fix="save it as UTF-8"
            ) from error
        self._text, self._place = rest + new, 0

    def _fail(self, problem: str, place: int | None = None) -> NoReturn:
        """Raise DataFormatError with the line and the item at a place of the text."""
        at = self._place if place is None else place
        if self._ended and not self._text[at:].strip():
            problem = f"the file ends here, {problem}"
        line = self._lines + self._text.count("\n", 0, at) + 1
        where = f" in {self.what} {self.number}" if self.number else ""
        raise DataFormatError(self.path, problem + where, line=line, fix=_CUT)


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _refuse(constant: str) -> NoReturn:
    raise _NotANumberError(f"{constant} is no JSON")
