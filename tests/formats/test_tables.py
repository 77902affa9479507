"""The reader of tables: what stands where, with the line of each row, and what is refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.tables import (
    exactly,
    read_cells,
    read_table,
    refuse_duplicates,
    refuse_unknown,
    whole_numbers,
)


def pick_b_a(header: list[str]) -> dict[str, int]:
    return {"second": header.index("b"), "first": header.index("a")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


def test_the_chosen_columns_come_as_text_with_the_first_line_of_each_row(path: Path) -> None:
    path.write_text('\ufeffa,x,b\r\n"1\n1",,NA\r\n\r\n007,,\n', encoding="utf-8")
    table = read_table(path, pick_b_a)
    assert list(table) == ["second", "first"]
    assert table.to_numpy().tolist() == [["NA", "1\n1"], ["", "007"]]
    assert table.index.tolist() == [2, 5]


def test_tabs_part_cells_and_quotes_are_letters(path: Path) -> None:
    path.write_text("a\tb\n\"x\t'=1\n", encoding="utf-8")
    table = read_table(path, exactly(path, ["a", "b"], "\t"), "\t")
    assert table.to_numpy().tolist() == [['"x', "'=1"]]


def test_a_guarded_heading_is_found(path: Path) -> None:
    path.write_text("'@a,b\n'=1,2\n")
    table = read_table(path, exactly(path, ["@a", "b"]))
    assert table.to_numpy().tolist() == [["=1", "2"]]


def test_a_header_may_take_several_lines(path: Path) -> None:
    path.write_text("p,p,q\nx,y,x\n,,\n1,2,3\n")

    def pick(*header: list[str]) -> dict[str, int]:
        return {"qx": list(zip(*header[:2], strict=True)).index(("q", "x"))}

    assert read_table(path, pick, header_lines=3)["qx"].tolist() == ["3"]


def test_a_packed_table_is_the_same_table(path: Path) -> None:
    path.write_text("a,b\n1,2\n")
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_table(packed, pick_b_a).equals(read_table(path, pick_b_a))
    assert read_cells(packed) == read_cells(path) == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv: the file is empty; copy it anew"),
        ("\n\n", "a.csv: the file is empty"),
        ("a,b\n", "a.csv: no rows below the header; give the table that has them"),
        ("a,c\n1,2\n", "a.csv, line 1: the header must be a,b, got 'a,c'"),
        ("a,b\n1,2\n\n3\n", "line 4: a row has 2 comma-separated columns, this one 1, got '3'"),
        ("a,b\n1,2,\n", "line 2: a row has 2 comma-separated columns, this one 3, got '1,2,'"),
        ('a,b\n1,2\n3,"4\n5,6\n', "line 3: no CSV: unexpected end of data; correct the row"),
        ('a,b\n1,"2"x\n', "line 2: no CSV: ',' expected after '\"'; correct the row"),
        ("a,b\n1,\x1b\n", r"line 2, column 3: a control character, got '\\x1b'"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(text: str, message: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(DataFormatError, match=message):
        read_table(path, exactly(path, ["a", "b"]))


def test_a_matrix_of_cells_needs_a_row_too(path: Path) -> None:
    for text, message in (("", "the file is empty"), ("a\n", "no rows below the header")):
        path.write_text(text)
        with pytest.raises(DataFormatError, match=message):
            read_cells(path)


def test_faults_in_columns_are_reported_at_the_line_of_their_row(path: Path) -> None:
    path.write_text('a,b\n"x\ny",1\n\n"x\ny",2.5\n')
    table = read_table(path, exactly(path, ["a", "b"]))
    with pytest.raises(DataFormatError, match=r"line 5, column b: a whole number >= 0.*'2\.5'"):
        whole_numbers(path, table, "b")
    with pytest.raises(DataFormatError, match=r"line 5: second row of the same a, .*; keep one"):
        refuse_duplicates(path, table, ["a"], "keep one")
    table["b"] = [1, 2]
    with pytest.raises(DataFormatError, match=r"line 5, column b: not in c\.csv, got 2; add"):
        refuse_unknown(path, table, "b", np.array([1]), "c.csv")
