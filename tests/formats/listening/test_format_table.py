"""The table of formats in docs/own_listening.md: what is read of twenty rows of each."""

import re
from pathlib import Path

import pytest
from conftest import REPOSITORY
from twenty_rows import NUMBERED, SUFFIX, TWENTY, N

from muso_exp.formats.listening.histories import read_history

HEADING = "| twenty rows of | are read as | left out |"


def documented() -> dict[str, tuple[str, str]]:
    text = (REPOSITORY / "docs" / "own_listening.md").read_text(encoding="utf-8")
    rows = text[text.index(HEADING) :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {name: (read, left) for name, read, left in cells}


def test_every_format_stands_in_the_table() -> None:
    assert list(documented()) == list(TWENTY)


@pytest.mark.parametrize("name", TWENTY)
def test_of_twenty_rows_of_a_format_so_many_are_plays(name: str, tmp_path: Path) -> None:
    content = TWENTY[name]()
    suffix = SUFFIX.get(name, ".json" if content.lstrip()[:1] in "{[" else ".csv")
    path = tmp_path / NUMBERED.get(name, f"x{suffix}")
    path.write_text(content, encoding="utf-8")
    history = read_history(path)
    listed = int(history.table["n_plays"].isna().sum())
    read = f"{listed} listed tracks" if listed else f"{history.plays} plays"
    left = ", ".join(f"{number} {reason}" for reason, number in sorted(history.left_out.items()))
    assert (read, left) == documented()[name]
    counted = re.findall(r"[0-9]+", left)
    assert len(history.table) + sum(history.left_out.values()) == N, counted
