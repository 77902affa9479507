"""What is printed: names as they are."""

import pytest
from rich.table import Table

from muso_exp.terminal import console, styled

NAMES = ["[/] x", "[live]", ":smile:", "[bold]b[/bold]", "[link=file:///x]l[/link]"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_is(name: str, capsys: pytest.CaptureFixture) -> None:
    table = Table(name, title=name, caption=name, title_justify="left")
    table.add_row(name)
    console().print(name, table, styled(name, (name, "dim")))
    assert capsys.readouterr().out.count(name) == 7


def test_no_control_character_is_printed(capsys: pytest.CaptureFixture) -> None:
    name = "\x1b[31m\0\u202e\x9b"
    table = Table(name, title=name)
    table.add_row(name)
    console().print(name, table, styled(name))
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\0\u202e\x9b")
    assert out.count(r"\x1b[31m\x00\u202e\x9b") == 5


def test_what_no_terminal_reads_is_not_cut_to_its_width(capsys: pytest.CaptureFixture) -> None:
    table = Table("name")
    table.add_row("x" * 120)
    console().print(table)
    assert "x" * 120 in capsys.readouterr().out
