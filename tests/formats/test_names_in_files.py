"""Names in files: control characters are refused, guarded cells are read as they were."""

import json
from pathlib import Path

import pandas as pd
import pytest

from muso_exp.csv_cells import write_csv
from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.msd import ReadOptions
from muso_exp.formats.listening.song_matching import read_songs
from muso_exp.formats.listening.sources import SOURCES
from muso_exp.formats.mpd.dataset import find_slices
from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.formats.sound.split_lists import read_artist_list
from muso_exp.formats.tables import read_cells
from muso_exp.formats.text import read_json, read_text
from muso_exp.formats.track_tables import read_rows

NAMES = ["=cmd|' /C calc'!A0", "+44", "@peace", "-", "'Til Tuesday", "'=1", "''", "\uff1dx", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,name\n1,a\x1b[31m\n", r"line 2, column 4: a control character, got '\\x1b'; remove"),
        ("id,name\r\n1,a\r\n2,\0\r\n", r"line 3, column 3: a control character, got '\\x00'"),
        ("\x7f", r"line 1, column 1: a control character, got '\\x7f'"),
    ],
)
def test_a_control_character_is_refused_with_its_place(
    text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode())
    with pytest.raises(DataFormatError, match=message):
        read_cells(tmp_path / "a.csv")


@pytest.mark.parametrize("sign", ["\x1b", "\0", "\b", "\x7f", "\x1f"])
def test_a_control_character_that_json_escapes_is_refused(sign: str, tmp_path: Path) -> None:
    escaped = json.dumps(sign)[1:-1].replace("\x7f", "\\u007F")
    (tmp_path / "a.json").write_text('{"a": "x",\n "b": "\\\\' + escaped + '"}')
    with pytest.raises(DataFormatError, match="line 2, column 10: a control character"):
        read_json(tmp_path / "a.json")


def test_what_only_looks_like_an_escape_in_json_is_read(tmp_path: Path) -> None:
    content = {"a": "\\u001b \\b C:\\x00", "b": "tab\tline\n\u00e9 \x85"}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert dict(read_json(tmp_path / "a.json")) == content


@pytest.mark.parametrize("name", ["a\x1b.csv", "a\udcff.csv"])
def test_a_table_whose_name_no_page_can_show_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("user,artist\na,b\n")
    with pytest.raises(DataFormatError, match=r"a\\x(1b|ff)\.csv: a control .*; rename it$"):
        read_text(tmp_path / name)
    with pytest.raises(DataFormatError, match="rename it"):
        SOURCES["table"].find(tmp_path)


def test_a_slice_whose_name_no_page_can_show_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mpd.slice.0-\x1b.json").write_text("{}")
    with pytest.raises(DataFormatError, match="rename it"):
        find_slices(tmp_path)


def test_every_reader_of_csv_reads_a_guarded_name_as_it_was(tmp_path: Path) -> None:
    ids = [f"i{number}" for number in range(len(NAMES))]
    table = pd.DataFrame({"id": ids, "artist": NAMES, "title": NAMES, "split": "train"})
    write_csv(table, tmp_path / "songs.csv")
    assert read_songs(tmp_path / "songs.csv")["artist"].tolist() == NAMES
    assert list(read_artist_list(tmp_path / "songs.csv").values()) == NAMES
    assert read_rows(tmp_path / "songs.csv")["title"].tolist() == NAMES
    (tmp_path / "sound").mkdir()
    paths = table.assign(track_id=ids, path=ids)
    write_csv(paths, tmp_path / "sound" / "manifest.csv")
    assert read_tracks(tmp_path / "sound", "manifest")["artist"].tolist() == NAMES


def test_plays_of_guarded_names_are_read_as_they_were(tmp_path: Path) -> None:
    plays = [(user, name) for user in ("+1", "=2") for name in NAMES]
    write_csv(pd.DataFrame(plays, columns=["user", "artist"]), tmp_path / "plays.csv")
    source = SOURCES["table"]
    data = source.read(source.find(tmp_path), ReadOptions(tmp_path / "cache"))
    assert sorted(data.items["artist"]) == sorted(NAMES)


def test_tabs_apart_nothing_is_guarded_and_names_stay(tmp_path: Path) -> None:
    rows = ["user\tartist", *(f"{user}\t{name}" for user in "ab" for name in ("'=1", "=1"))]
    (tmp_path / "plays.tsv").write_text("\n".join(rows) + "\n")
    source = SOURCES["table"]
    data = source.read(source.find(tmp_path), ReadOptions(tmp_path / "cache"))
    assert sorted(data.items["artist"]) == ["'=1", "=1"]
