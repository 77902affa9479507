"""Run the program with a simulated world whose names are hostile.

The file that the command line names holds a list of command lines, which are run one after the
other.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

NAMES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[/] x",
    "[live]",
    "$x",
    "$\\frac{$",
    "a|b",
    "`code`",
    "=cmd|' /C calc'!A0",
    "@peace",
    "+44",
    "'Til Tuesday",
    "'=1",
    "**strong** _soft_",
    "[text](http://evil.example)",
    "&lt;b&gt;",
    "\x9b31m",  # an escape sequence of eight bits: data may hold it, a page may not
    "-->",
    ":smile:",
    "\"'>{{ 7 * 7 }}",
    "\u202egnp.exe",  # what follows would be read from right to left
    "<b onmouseover=alert(1)>" * 40,  # long
    "[*" * 500,
    "W" * 400 + "|</td><td>",
)
KINDS = (
    *("user_name", "artist_name", "album_name", "track_name"),
    *("genre_name", "style_name", "common_tag", "rare_tag"),
)


def hostile(name: Callable[..., str]) -> Callable[..., str]:
    """Return a function that puts a hostile name before the one that `name` returns."""
    return lambda *numbers: f"{NAMES[sum(numbers) % len(NAMES)]} {name(*numbers)}"


def main() -> None:
    from muso_exp import __main__ as program
    from muso_exp.simulation import names

    for kind in KINDS:
        setattr(names, kind, hostile(getattr(names, kind)))
    for args in json.loads(Path(sys.argv[1]).read_text()):
        sys.argv[1:] = args
        try:
            program.main()
        except SystemExit as stop:
            sys.stderr.write(f"exit {stop.code or 0}\n")
        else:
            sys.stderr.write("exit 0\n")
