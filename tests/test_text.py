"""Text of unknown origin in a terminal, in a log and in Markdown."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.redaction import Formatter
from muso_exp.text import counted, markdown, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\0b\x7f\x9b", r"a\x00b\x7f\x9b"),
        ("back\rover", r"back\x0dover"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\udcff\udcfe.wav", r"\xff\xfe.wav"),
        ("\ud800", r"\ud800"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("Sigur Rós, ラルク, مرحبا, 🎵", "Sigur Rós, ラルク, مرحبا, 🎵"),
    ],
)
def test_control_characters_are_shown_and_letters_stay(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_what_is_visible_can_be_written_and_holds_no_control_character(text: str) -> None:
    shown = visible(text).replace("\n", "").replace("\t", "")
    shown.encode()
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in shown)


def test_an_error_shows_control_characters_of_names_and_paths() -> None:
    assert str(ConfigError("name=\x1b[2J: none")) == r"name=\x1b[2J: none"
    assert "\x1b" not in str(DataFormatError("a\x1b.csv", "no \x1b", value="\x1b", column="\x1b"))


def test_a_log_line_shows_control_characters() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s: read", ("\x1b]0;t\x07",), None)
    assert Formatter().format(record) == r"\x1b]0;t\x07: read"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a|b", r"a\|b"),
        ("`x`", r"\`x\`"),
        ("[t](http://x)", r"\[t\](http://x)"),
        ("two\nlines", "two lines"),
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
        ("_emphasis_ and recall_at_10", r"\_emphasis\_ and recall_at_10"),
        ("&lt;b&gt; & co", "&amp;lt;b&amp;gt; & co"),
        ("$x$", r"\$x\$"),
        (r"\[", r"\\\["),
        ("-0.5", "-0.5"),
        ("\x1b", r"\\x1b"),
    ],
)
def test_markdown_shows_a_text_as_it_is(text: str, written: str) -> None:
    assert markdown(text) == written


def test_a_noun_agrees_with_its_number() -> None:
    assert [counted(number, "row") for number in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
