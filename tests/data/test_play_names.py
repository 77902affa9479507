from pathlib import Path

import numpy as np
import pytest

from muso_exp.formats.listening.names import (
    follow_aliases,
    read_aliases,
    read_loose_names,
    read_names,
)
from muso_exp.formats.listening.sources import LFM_TRACKS


def test_aliases_are_followed_to_the_end_and_circles_left_alone() -> None:
    aliases = {1: 2, 2: 3, 5: 6, 6: 5, 7: 7}
    found = follow_aliases(aliases, np.array([1, 2, 3, 4, 5, 6, 7]))
    assert found.tolist() == [3, 3, 3, 4, 5, 6, 7]


def test_lines_without_two_columns_are_passed_over_and_counted(tmp_path: Path) -> None:
    (tmp_path / "names").write_text('1\tA "B"\n\tlost\ncut\n2\tNA\r\n3\t\n')
    assert read_loose_names(tmp_path / "names") == ({1: 'A "B"', 2: "NA"}, 3)
    (tmp_path / "alias").write_text("1\t2\n\t3\n4\n")
    assert read_aliases(tmp_path / "alias") == ({1: 2}, 2)


def test_only_wanted_names_are_kept_under_their_ids(tmp_path: Path) -> None:
    (tmp_path / "t").write_text('1\tOne\t9\n2\tnull\t9\n3\t"Three\t9\n')
    table = read_names(tmp_path / "t", LFM_TRACKS, np.array([2, 3, 4]))
    assert table["title"].to_dict() == {2: "null", 3: '"Three'}


@pytest.mark.parametrize("content", ["", "5\tFive\t1\n"])
def test_a_table_without_wanted_names_is_empty(content: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_text(content)
    assert len(read_names(tmp_path / "t", LFM_TRACKS, np.array([2]))) == 0
