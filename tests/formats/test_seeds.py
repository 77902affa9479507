"""Seeds of a new user or playlist, read from lists and tables."""

from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.seeds import read_seeds


def seeds_of(tmp_path: Path, text: str, name: str = "mine.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_of_a_text_file_is_a_name_commas_and_all(tmp_path: Path) -> None:
    rows = read_seeds(seeds_of(tmp_path, "Earth, Wind & Fire - September\n", "mine.txt")).rows
    assert rows[["artist", "title"]].to_numpy().tolist() == [["Earth, Wind & Fire", "September"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no seed in the file; write one id or name a line"),
        (" \n\n", "no seed in the file"),
        ("id,plays\ns4,0\n", "no play is left of it: 1 with 0 plays"),
        ("id,plays\ns4,1\ns1,many\n", "line 3, column plays: a number of plays .* got 'many'"),
        ("tune,band\nSOS,Abba\n", "line 1: no column id, artist or title, got 'tune,band'; put"),
        ("tune\tband\nSOS\tAbba\n", "line 1: no column id, artist or title, got .*; put a header"),
        ("id,artist\ns4\n", "a row has 2 comma-separated columns"),
        ("artist,title\n", "no rows below the header"),
    ],
)
def test_a_file_without_seeds_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=message):
        read_seeds(seeds_of(tmp_path, text))


def test_several_playlists_are_no_single_one(tmp_path: Path) -> None:
    path = seeds_of(tmp_path, "playlist_id,track_id\n1,s4\n2,s0\n")
    assert read_seeds(path).rows["id"].tolist() == ["s4", "s0"]
    with pytest.raises(DataFormatError, match="2 playlists; give one playlist a file"):
        read_seeds(path, one_list=True)


def test_a_sound_file_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"RIFF\xac\x00")
    with pytest.raises(DataFormatError, match=r"song\.wav: a sound file; give a list or table"):
        read_seeds(tmp_path / "song.wav")


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"mine\.csv; give a list or table of seeds"):
        read_seeds(tmp_path / "mine.csv")
