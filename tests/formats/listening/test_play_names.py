from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.lfm1b import LFM_TRACKS
from muso_exp.formats.listening.names import (
    count_circles,
    follow_aliases,
    read_aliases,
    read_loose_names,
    read_names,
    read_unique_tracks,
    unreadable,
)


def test_aliases_are_followed_to_the_end_and_circles_left_alone() -> None:
    aliases = {1: 2, 2: 3, 5: 6, 6: 5, 7: 7}
    found = follow_aliases(aliases, np.array([1, 2, 3, 4, 5, 6, 7]))
    assert found.tolist() == [3, 3, 3, 4, 5, 6, 7]


def test_circles_of_aliases_are_counted_and_aliases_of_themselves_are_none() -> None:
    aliases = {1: 2, 2: 3, 5: 6, 6: 5, 7: 7, 8: 5}
    assert count_circles(aliases, np.array([1, 2, 3, 5, 7, 8])) == 2


def test_control_characters_in_published_names_are_replaced_or_counted(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("1\tO\x1b[31mne\t9\n2\tT\0wo\t9\n")
    titles = read_names(tmp_path / "t", LFM_TRACKS)["title"].tolist()
    assert titles == ["O\ufffd[31mne", "T\ufffdwo"]
    items = pd.DataFrame({"artist": ["a", "b", ""], "title": [*titles, ""]})
    assert [finding.value for finding in unreadable(items)] == [2]
    assert unreadable(items[2:]) == []
    (tmp_path / "u").write_text("TR1<SEP>SO1<SEP>a\x07<SEP>t\n")
    assert read_unique_tracks(tmp_path / "u")["artist"].tolist() == ["a\ufffd"]
    (tmp_path / "names").write_text("1\tA\x1b\n2\tB\n")
    assert read_loose_names(tmp_path / "names") == ({2: "B"}, 1)


def test_lines_without_two_columns_are_passed_over_and_counted(tmp_path: Path) -> None:
    (tmp_path / "names").write_text('1\tA "B"\n\tlost\ncut\n2\tNA\r\n3\t\n')
    assert read_loose_names(tmp_path / "names") == ({1: 'A "B"', 2: "NA"}, 3)
    (tmp_path / "alias").write_text("1\t2\n\t3\n4\n")
    assert read_aliases(tmp_path / "alias") == ({1: 2}, 2)


def test_only_wanted_names_are_kept_under_their_ids(tmp_path: Path) -> None:
    (tmp_path / "t").write_text('1\tOne\t9\n2\tnull\t9\n3\t"Three\t9\n')
    table = read_names(tmp_path / "t", LFM_TRACKS, np.array([2, 3, 4]))
    assert table["title"].to_dict() == {2: "null", 3: '"Three'}


def test_a_table_without_wanted_names_is_empty(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("5\tFive\t1\n")
    assert len(read_names(tmp_path / "t", LFM_TRACKS, np.array([2]))) == 0


def test_an_empty_file_of_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("")
    with pytest.raises(DataFormatError, match="the file is empty; copy it anew"):
        read_names(tmp_path / "t", LFM_TRACKS, np.array([2]))
