from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.friends.edge_lists import ENDS, read_edges


def write(folder: Path, *rows: str, header: str = "node_1,node_2") -> Path:
    path = folder / "edges.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize("header", [",".join(pair) for pair in ENDS])
def test_every_known_heading_is_read(tmp_path: Path, header: str) -> None:
    found = read_edges(write(tmp_path, "b,a", "b,c", header=header), "refuse")
    assert found.ends.tolist() == [["a", "b"], ["b", "c"]] and found.notes == []


def test_both_directions_are_one_friendship(tmp_path: Path) -> None:
    found = read_edges(write(tmp_path, "0,1", "1,0", "1,2", "2,1"), "refuse")
    assert found.ends.tolist() == [["0", "1"], ["1", "2"]] and found.notes == []


def test_bad_rows_are_dropped_and_counted(tmp_path: Path) -> None:
    rows = ["0,1", "1,0", "3,3", "1,2", "2,1", "0,1", "2,4", "4,2", "0,4"]
    found = read_edges(write(tmp_path, *rows), "drop")
    assert found.ends.tolist() == [["0", "1"], ["1", "2"], ["2", "4"], ["0", "4"]]
    counted = {note.check: note.value for note in found.notes}
    assert counted == {"self_loops": 1, "repeated_edges": 1, "one_sided_edges": 1}
    assert "the first in line 4; left out" in found.notes[0].text
    assert "the first in line 10; kept" in found.notes[2].text


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["0,1", "2,2"], r"edges.csv, line 3: 1 friendships of a user with themselves, got '2,2'"),
        (["0,1", "0,1"], r"line 3: 1 rows that repeat an earlier friendship, got '0,1'; correct"),
        (["0,1", "1,0", "1,2"], r"line 4: 1 friendships that stand one way, .* got '1,2'"),
        (["0,"], r"line 2, column node_2: a name is needed, got ''"),
        (["0,1,2"], r"line 2: a row has 2 comma-separated columns, this one 3"),
        ([], r"edges.csv: no rows below the header"),
    ],
)
def test_bad_rows_are_refused_in_one_line(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(DataFormatError, match=message) as refused:
        read_edges(write(tmp_path, *rows), "refuse")
    assert "\n" not in str(refused.value)


def test_a_list_of_nothing_but_self_loops_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"no friendship of two users; give a list"):
        read_edges(write(tmp_path, "1,1"), "drop")


def test_other_headings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"line 1: the header must have two columns node_1"):
        read_edges(write(tmp_path, "0,1", header="a,b"), "drop")
