"""Text of unknown origin, shown without harm in a terminal and in Markdown; what it may mean."""

import difflib
import re
from collections.abc import Sequence

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # no name holds them; see data.readers
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

ESCAPED = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4})")  # what `visible` writes for them

_MARKDOWN = re.compile(r"[\\`*\[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[#+=>-](?=\W|$)")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def visible(text: object) -> str:
    r"""Return a text whose control characters a reader sees and no terminal obeys.

    Control characters, marks that turn the direction of writing, and bytes of a file name that are
    not UTF-8 become `\x1b`, `\u202e`, `\xff`; tabs and line ends stay.
    """
    return _UNSEEN.sub(_escaped, str(text))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name, see os.fsdecode
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def counted(number: int, noun: str) -> str:
    """Return `1 row`, `2 rows`: a noun whose plural ends in s, with its number."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def markdown(text: object) -> str:
    """Return a text for one line or table cell of Markdown, where it stands as it is.

    Line ends become blanks; no tag, link, emphasis, code, formula or column comes of it.
    """
    plain = _ENTITY.sub("&amp;", " ".join(visible(text).split("\n")))
    plain = _MARKDOWN.sub(r"\\\g<0>", plain).replace("<", "&lt;")
    return _NUMBERED.sub(r"\1\\\2", plain)


def meant(name: str, known: Sequence[str], shown: Sequence[str] | None = None) -> str:
    """Return what a name that is not known may have meant: the nearest, else what there is.

    Args:
        name: as it was given.
        known: all names.
        shown: those that are listed where none is near; all by default.
    """
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    listed = ", ".join(near or (known if shown is None else shown))
    return f"did you mean {listed}?" if near else f"there are {listed or 'none'}"
