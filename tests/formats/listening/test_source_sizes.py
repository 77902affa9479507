"""Table 3.1: users, songs and interactions of any two sources."""

from pathlib import Path

import pytest

from muso_exp.errors import ConfigError, DatasetNotFoundError
from muso_exp.formats.listening.source_sizes import source_sizes


def test_users_songs_and_interactions_are_counted(tmp_path: Path) -> None:
    text = "user,artist,track,plays\na,X,One,3\na,x,one,1\nb,X,Two,4\n"
    (tmp_path / "plays.csv").write_text(text)
    row = source_sizes([("table", tmp_path)]).iloc[0]
    assert row["users"] == 2 and row["songs"] == 3 and row["distinct songs"] == 2
    assert row["interactions"] == 3 + 1 + 4 and row["user-song pairs"] == 3
    assert row["interactions per user (median)"] == 4


def test_two_sources_stand_beside_each_other(call: callable, tmp_path: Path) -> None:
    for name, plays in (("one", 1), ("two", 5)):
        (tmp_path / name).mkdir()
        text = f"user,artist,track,plays\na,X,One,{plays}\nb,X,One,1\n"
        (tmp_path / name / "plays.csv").write_text(text)
    given = [f"table={tmp_path / name}" for name in ("one", "two")]
    status, out, _ = call("sources", *given, "--out", str(tmp_path / "sizes.csv"))
    assert status == 0 and out.count("table") == 2
    assert (tmp_path / "sizes.csv").read_text().splitlines()[2].split(",")[5] == str(5 + 1)


def test_an_argument_without_a_folder_is_refused_in_a_line(call: callable) -> None:
    status, out, err = call("sources", "lfm1b")
    assert status != 0 and out == "" and len(err.splitlines()) == 1
    assert "lfm1b: SOURCE=FOLDER is needed" in err


def test_unknown_sources_and_absent_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="napster: choose one of lfm1b"):
        source_sizes([("napster", tmp_path)])
    with pytest.raises(DatasetNotFoundError, match=r"taste_profile|train_triplets|kaggle"):
        source_sizes([("taste_profile", tmp_path)])
