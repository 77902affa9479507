"""Bad input and options of two lists of tracks: one line each, nothing half-written."""

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tiny_tracks import dataset, ready, tracks, write_two

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError, MusoError


def message(root: Path, tmp_path: Path, **options: Any) -> str:
    with pytest.raises(MusoError) as caught:
        ready(root, tmp_path / "cache", **options)
    text = str(caught.value)
    assert "\n" not in text
    assert not (tmp_path / "cache").exists()
    return text


def spoiled(column: str, value: object, row: int = 4) -> pd.DataFrame:
    table = tracks(30).astype(object)
    table.loc[row, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (spoiled("danceability", 1.3), "a.csv, line 6, column danceability: a number from 0 to 1"),
        (
            spoiled("key", 12),
            "line 6, column key: a whole number from -1 to 11 is needed, got '12'",
        ),
        (spoiled("tempo", "fast"), "line 6, column tempo: a number from 0 to 300"),
        (spoiled("energy", "nan"), "line 6, column energy: a number from 0 to 1"),
        (spoiled("energy", ""), "line 6, column energy: a number from 0 to 1 is needed, got ''"),
        (spoiled("mode", 0.5), "line 6, column mode: a whole number from 0 to 1"),
        (spoiled("loudness", "inf"), "line 6, column loudness: a number from -60 to 5"),
        (spoiled("id", "track0001"), "line 6, column id: second row of the same track"),
        (tracks(30).drop(columns="key"), "a.csv, line 1: no column for key; without them"),
        (tracks(1), "a: at least 6 tracks are needed, 1 are left"),
        (tracks(30).assign(Key=1), "line 1: two columns for one feature, got 'key'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_table_is_reported_in_one_line(
    table: pd.DataFrame, expected: str, tmp_path: Path
) -> None:
    folder = write_two(tmp_path, a=table)
    assert expected in message(folder, tmp_path)


def test_a_missing_feature_says_how_to_do_without_it(tmp_path: Path) -> None:
    folder = write_two(tmp_path, a=tracks(30).drop(columns=["key", "time_signature"]))
    assert message(folder, tmp_path).endswith(
        "no column for key, time_signature; without them: 'dataset.drop=[key,time_signature]'"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty; copy it anew"),
        (b"id,energy\n", "no rows below the header"),
        ("id,é\nä,1\n".encode("latin-1"), "line 1: not utf-8"),
        (b"id,energy\n1,0.5,7\n", "line 2: a row has 2 comma-separated columns, this one 3"),
        (b'id,energy\n"1,0.5\n', "no CSV"),
    ],
    ids=["empty", "header only", "other encoding", "long row", "open quote"],
)
def test_a_bad_file_is_reported_in_one_line(content: bytes, expected: str, tmp_path: Path) -> None:
    folder = write_two(tmp_path)
    (folder / "a.csv").write_bytes(content)
    assert expected in message(folder, tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"audio_features": [', "no JSON"),
        ('{"tracks": []}', 'a list, or {"audio_features": [...]}, is needed'),
        ("[null]", "no track in the list"),
        ("[3]", "entry 1 is no object, got 3"),
    ],
)
def test_a_bad_answer_of_the_end_point_is_reported(
    content: str, expected: str, tmp_path: Path
) -> None:
    folder = write_two(tmp_path)
    (folder / "a.csv").unlink()
    (folder / "a.json").write_text(content)
    assert expected in message(folder, tmp_path)


def test_a_damaged_gzip_file_is_reported(tmp_path: Path) -> None:
    folder = write_two(tmp_path)
    packed = gzip.compress((folder / "a.csv").read_bytes())
    (folder / "a.csv.gz").write_bytes(packed[:50])
    (folder / "a.csv").unlink()
    assert "damaged gzip file" in message(folder, tmp_path)


def test_two_lists_without_a_row_that_can_be_used_are_not_the_same_one(tmp_path: Path) -> None:
    folder = write_two(tmp_path, a=tracks(30).assign(key=12), b=tracks(40).assign(key=12))
    expected = "a: at least 6 tracks are needed, 0 are left"
    assert expected in message(folder, tmp_path, bad_rows="drop")


def test_the_same_list_twice_is_refused(tmp_path: Path) -> None:
    folder = write_two(tmp_path, b=tracks(30))
    assert "b.csv: a and b hold the same tracks" in message(folder, tmp_path)
    again = message(folder, tmp_path, files=["a.csv", "a.csv"])
    assert again == "dataset.files: a.csv twice; two lists are needed"


def test_a_constant_feature_is_refused_with_the_way_out(tmp_path: Path) -> None:
    folder = write_two(tmp_path, tracks(30).assign(key=4), tracks(24, 100).assign(key=4))
    text = message(folder, tmp_path)
    assert "column key: the same in all tracks of both lists, got 4.0" in text
    assert text.endswith("drop it: 'dataset.drop=[key]'")


def test_an_unknown_playlist_offers_the_nearest_names(tmp_path: Path) -> None:
    genre = ["rock", "rap", "r&b"] * 10
    tracks(30).assign(genre=genre).to_csv(tmp_path / "songs.csv", index=False)
    text = message(tmp_path, tmp_path, column="genre", values=["rokc", "rap"])
    assert "has no genre 'rokc'; nearest: rock" in text
    text = message(tmp_path, tmp_path, column="gnre", values=["rock", "rap"])
    assert "dataset.column=gnre" in text and "it has genre" in text
    text = message(tmp_path, tmp_path, column="genre", values=["rap", "rap"])
    assert "two different lists are needed" in text
    assert "0 or 1 is needed, got 'rock'" in message(tmp_path, tmp_path, column="genre")


def test_missing_and_surplus_tables_are_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match="the folder itself"):
        ready(tmp_path / "nowhere", tmp_path)
    with pytest.raises(DatasetNotFoundError, match=r"a \.csv or \.json file"):
        ready(tmp_path, tmp_path)
    write_two(tmp_path)
    with pytest.raises(DatasetNotFoundError, match=r"not found: c\.csv"):
        ready(tmp_path, tmp_path, files=["a.csv", "c.csv"])
    with pytest.raises(ConfigError, match="is for one table, 2 found"):
        ready(tmp_path, tmp_path, column="genre")
    (tmp_path / "a.csv").unlink()
    with pytest.raises(ConfigError, match=r"two tables are needed, 1 found \(b\.csv\)"):
        ready(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"scaling": "log"}, "scaling=log: one of none, global"),
        ({"threshold": "best"}, "threshold=best: one of half"),
        ({"overlap": "maybe"}, "overlap=maybe: one of keep, drop"),
        ({"balance": "none"}, "balance=none: one of cut"),
        ({"group": "album"}, "split.by=album: one of track, artist"),
        ({"duplicates": "last"}, "duplicates=last: one of refuse, first"),
        ({"test_share": 0}, "split.test_share=0: float > 0"),
        ({"val_share": 1}, "split.val_share=1: float < 1"),
        ({"val_share": 0}, "dataset.threshold=validation: set dataset.split.val_share above 0"),
        ({"n_tracks": 5}, "n_tracks=5: int >= 6 is needed"),
        ({"drop": ["loudnes"]}, "dataset.drop: no audio feature 'loudnes'; there are dance"),
        ({"features": ["key"], "drop": ["key"]}, "dataset.drop leaves no feature"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unknown_option_is_refused(options: dict, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        dataset(tmp_path, tmp_path, **options)
    assert expected in str(caught.value)


def test_a_new_table_is_checked_as_the_old_ones(tmp_path: Path) -> None:
    data = ready(write_two(tmp_path), tmp_path)
    spoiled("key", 12).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataFormatError, match=r"new\.csv, line 6, column key"):
        data.read_new(tmp_path / "new.csv")
    tracks(9).drop(columns="key").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataFormatError, match="for key; the run was trained with them, train one"):
        data.read_new(tmp_path / "new.csv")


def test_a_split_that_leaves_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no track is left to learn from"):
        ready(write_two(tmp_path), tmp_path, test_share=0.99)
