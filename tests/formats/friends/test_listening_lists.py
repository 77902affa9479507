import json
from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.friends.listening_lists import read_features, read_listens, read_plays


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_features_are_ones_each_once(tmp_path: Path) -> None:
    found = read_features(write(tmp_path, "f.json", '{"0": [5, 7, 5], "1": ["rock"], "2": []}'))
    assert found.users.tolist() == ["0", "0", "1"] and found.items.tolist() == ["5", "7", "rock"]
    assert found.plays.tolist() == [1, 1, 1] and found.listed == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", r"an object \{user: \[item, ...\]\} is needed"),
        ('{"0": 5}', r"user '0': a list of numbers or names is needed, got 5"),
        ('{"0": [1.5]}', r"user '0': a list of numbers or names is needed, got \[1.5\]"),
        ('{"0": [true]}', r"a list of numbers or names is needed"),
        ('{"0": [1], "0": [2]}', r"a user stands twice, got '0'; keep one"),
        ('{"0": [1', r"no JSON"),
    ],
)
def test_bad_features_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        read_features(write(tmp_path, "f.json", text))


def test_plays_are_read_by_their_headings(tmp_path: Path) -> None:
    found = read_plays(write(tmp_path, "p.csv", "Artist Name,user,count\nNA,a,3\nnull,b,1\n"))
    assert found.users.tolist() == ["a", "b"] and found.items.tolist() == ["NA", "null"]
    assert found.plays.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("artist,plays\nx,1\n", r"no column of user"),
        ("user,plays\nx,1\n", r"no column of artist"),
        ("user,artist,plays\nx,y,0\n", r"line 2, column plays: a whole number >= 1 is needed"),
        ("user,artist\n,y\n", r"line 2, column user: a name is needed"),
    ],
)
def test_bad_plays_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        read_plays(write(tmp_path, "p.csv", text))


def listen(user: object, artist: object) -> str:
    return json.dumps({"user_name": user, "track_metadata": {"artist_name": artist}})


def test_listens_are_summed_by_user_and_artist(tmp_path: Path) -> None:
    lines = [listen("a", "x"), "", listen("b", "x"), listen("a", "x")]
    found = read_listens(write(tmp_path, "l.jsonl", "\n".join(lines)))
    rows = zip(found.users, found.items, found.plays, strict=True)
    assert sorted(rows) == [("a", "x", 2), ("b", "x", 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no listen in the file"),
        ("{}", r"line 1: a JSON object with user_name and track_metadata.artist_name is needed"),
        ("{", r"line 1: a JSON object with user_name"),
        (
            f"{listen('a', 'x')}\n{listen(3, 'x')}",
            r"line 2: user_name and artist_name must",
        ),
    ],
)
def test_bad_listens_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        read_listens(write(tmp_path, "l.jsonl", text))
