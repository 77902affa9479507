"""Cells of CSV files: harmless in a spreadsheet, unchanged when read again."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from muso_exp.csv_cells import guarded, unguarded, write_csv
from muso_exp.formats.tables import read_cells

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NAMES = st.text(st.sampled_from("='+-@\t\n\uff1d ,\"aB0;|")) | st.text(
    st.characters(exclude_categories=["Cc", "Cs"])
)


@given(NAMES)
@example("=cmd|' /C calc'!A0")
@example("+44")
@example("@peace")
@example("'Til Tuesday")
@example("'+44")
@example("''")
@example("'''=1")
def test_a_text_is_read_as_it_was(name: str) -> None:
    assert unguarded(guarded(name)) == name
    assert not guarded(name).startswith(FORMULAS)


def test_names_without_harm_stay_as_they_are() -> None:
    for name in ("'Til Tuesday", "a=b", "Sunn O)))", "'", "!!!", "2 + 2", ""):
        assert guarded(name) == name
    assert guarded(-1.5) == -1.5


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=5))
def test_a_written_table_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    write_csv(pd.DataFrame({"@artist": [a for a, _ in names], "t": [t for _, t in names]}), path)
    (_, header), *rows = read_cells(path)
    assert header == ["@artist", "t"]
    assert [tuple(row) for _, row in rows] == names


def test_numbers_are_written_as_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["-1", None], "score": [-1.5, -0.25], "n": [-1, 2]})
    write_csv(table, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "name,score,n\n'-1,-1.5,-1\n,-0.25,2\n"


def test_categories_are_guarded(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"kind": pd.Categorical(["=1"])}), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "kind\n'=1\n"
