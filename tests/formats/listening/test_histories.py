"""Listening histories: each format that people have, what is read of it and what is left out."""

import bz2
import gzip
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from history_samples import (
    ACCOUNT,
    EXTENDED,
    FORMATS,
    LIBRARY,
    LINES,
    PLAYED,
    listen,
    put,
    songs,
)

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.formats.listening.histories import read_history
from muso_exp.formats.listening.services.times import read_times


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("how", ["plain", "gz", "bz2", "crlf", "zip"])
def test_each_format_is_read_however_it_is_packed(name: str, how: str, tmp_path: Path) -> None:
    content, expected, left = FORMATS[name]
    path = put(tmp_path / name, content)
    raw = path.read_bytes()
    if how == "crlf":
        path.write_bytes(
            b"\xef\xbb\xbf" + raw.removeprefix(b"\xef\xbb\xbf").replace(b"\n", b"\r\n")
        )
    elif how == "zip":
        with zipfile.ZipFile(tmp_path / "my.zip", "w") as archive:
            archive.writestr(f"Spotify Account Data/{name}", raw)
            archive.writestr("__MACOSX/._x", b"\0\0")
        path = tmp_path / "my.zip"
    elif how != "plain":
        path = tmp_path / f"{name}.{how}"
        path.write_bytes({"gz": gzip, "bz2": bz2}[how].compress(raw))
    history = read_history(path, one_person=True)
    assert sorted(songs(history)) == sorted(expected)
    assert history.left_out == left
    assert all(f"{number} {reason}" in history.summary() for reason, number in left.items())


@pytest.mark.parametrize(
    "name", [name for name in FORMATS if FORMATS[name][1] == PLAYED and "headerless" not in name]
)
def test_times_are_of_one_moment_in_every_format(name: str, tmp_path: Path) -> None:
    history = read_history(put(tmp_path / name, FORMATS[name][0]), timezone="Europe/Vienna")
    minutes = history.table["time"].dt.floor("min").dt.strftime("%d %H:%M").tolist()
    assert minutes == ["02 23:43", "02 23:47"]
    assert history.local_time().dt.hour.tolist() == [1, 1]


PUBLISHED = {
    "usersha1-artmbid-artname-plays.tsv": (
        f"{'0' * 39}1\t{'0' * 8}-0000-4000-8000-000000000004\tband e\t61\n"
        f"{'0' * 39}2\t\tband j\t84\n",
        ["0" * 39 + "1", "0" * 39 + "2"],
        [("band e", "", 61.0), ("band j", "", 84.0)],
    ),
    "userid-timestamp-artid-artname-traid-traname.tsv": (
        "user_000001\t2009-04-08T01:57:47Z\t\tBand E\t\tSong 4\n"
        "user_000002\t2009-04-08T01:57:47Z\t\tBand J\t\tSong 9\n",
        ["user_000001", "user_000002"],
        [("Band E", "Song 4", 1.0), ("Band J", "Song 9", 1.0)],
    ),
    "train_triplets.txt": (
        f"{'b' * 40}\tSOAKIMP12A8C130995\t1\n{'c' * 40}\tSOAKIMP12A8C130995\t3\n",
        ["b" * 40, "c" * 40],
        [("", "", 1.0), ("", "", 3.0)],
    ),
    "listening-counts.tsv": (
        "user_id\ttrack_id\tcount\n1\t1004\t61\n2\t1009\t84\n",
        ["1", "2"],
        [("", "", 61.0), ("", "", 84.0)],
    ),
    "lastfm.inter": (
        "user_id:token\tartist_id:token\tweight:float\n1\t7\t3\n2\t8\t4\n",
        ["1", "2"],
        [("7", "", 3.0), ("8", "", 4.0)],
    ),
    "music4all.inter": (
        "user_id:token\titem_id:token\ttimestamp:float\n1\t7\t1696290191\n2\t8\t1696290191\n",
        ["1", "2"],
        [("", "", 1.0), ("", "", 1.0)],
    ),
    "listening_history.csv": (
        "user\tsong\ttimestamp\nuser_1\tzsl1\t2019-02-20 15:41\nuser_2\tzsl2\t2019-02-20 15:41\n",
        ["user_1", "user_2"],
        [("", "zsl1", 1.0), ("", "zsl2", 1.0)],
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_tables_name_their_users(name: str, tmp_path: Path) -> None:
    content, users, expected = PUBLISHED[name]
    (tmp_path / f"{name}.bz2").write_bytes(bz2.compress(content.encode()))
    history = read_history(tmp_path / f"{name}.bz2")
    assert history.users == users and songs(history) == expected
    with pytest.raises(DataFormatError, match=r"plays of 2 users .*give those of one person"):
        read_history(tmp_path / f"{name}.bz2", one_person=True)


def test_numbered_files_are_one_user_and_other_files_and_folders_are_each_one(
    tmp_path: Path,
) -> None:
    put(tmp_path / "box/StreamingHistory0.json", ACCOUNT[:1])
    put(tmp_path / "box/StreamingHistory1.json", ACCOUNT[1:2])
    put(tmp_path / "box/ann.csv", FORMATS["indexed.csv"][0])
    put(tmp_path / "box/user_2.csv", "user,artist,track\nbob,A,One\n")
    put(tmp_path / "box/cid/listens/2023/10.jsonl", LINES)
    put(tmp_path / "box/cid/listens/2023/11.jsonl", json.dumps(listen(1_700_000_000, "New")))
    put(tmp_path / "box/cid/user.json", {"name": "cid"})
    put(tmp_path / "box/.hidden/x.csv", "artist\nA\n")
    history = read_history(tmp_path / "box")
    assert history.users == ["ann", "bob", "box", "cid"]
    assert history.table["user"].value_counts().to_dict() == {
        "ann": 2,
        "bob": 1,
        "box": 2,
        "cid": 3,
    }
    assert list(history.unread) == ["user.json"] and "not read: user.json" in history.summary()
    assert read_history(tmp_path / "box/cid", one_person=True).users == [""]


def test_exports_that_overlap_count_a_play_once(tmp_path: Path) -> None:
    """The extended history knows seconds, the account data the minute of the same plays."""
    put(tmp_path / "a/Streaming_History_Audio_2023_1.json", EXTENDED)
    put(tmp_path / "a/Streaming_History_Audio_2023_2.json", EXTENDED[1:])
    put(
        tmp_path / "a/StreamingHistory0.json",
        [*ACCOUNT, {**ACCOUNT[0], "endTime": "2024-01-01 00:00"}],
    )
    history = read_history(tmp_path / "a", one_person=True)
    assert sorted(songs(history)) == [("A", "One", 1), ("A", "One", 1), ("B", "Two", 1)]
    assert history.left_out["repeated in exports that overlap"] == 3


def test_a_song_played_twice_in_a_minute_is_two_plays_and_a_copy_of_the_file_none(
    tmp_path: Path,
) -> None:
    twice = [ACCOUNT[0], {**ACCOUNT[0], "msPlayed": 31_000}]
    put(tmp_path / "a/StreamingHistory0.json", twice)
    assert read_history(tmp_path / "a", one_person=True).plays == 2
    put(tmp_path / "a/StreamingHistory0 (copy).json", twice)
    assert read_history(tmp_path / "a", one_person=True).plays == 2


def test_counts_without_a_time_are_never_taken_for_repeats(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", "artist,plays\nA,3\nA,3\n")
    assert read_history(tmp_path / "a.csv").plays == 6


def test_a_library_counts_only_where_there_are_no_plays(tmp_path: Path) -> None:
    put(tmp_path / "ann/YourLibrary.json", LIBRARY)
    put(tmp_path / "ann/StreamingHistory0.json", ACCOUNT)
    put(tmp_path / "bob/YourLibrary.json", LIBRARY)
    history = read_history(tmp_path)
    assert history.left_out["in a library or playlist beside a history"] == 1
    assert history.table["user"].tolist() == ["ann", "ann", "bob"]


def test_the_shortest_play_can_be_chosen(tmp_path: Path) -> None:
    path = put(tmp_path / "x.json", ACCOUNT)
    assert read_history(path, min_seconds=0).plays == 3
    assert read_history(path, min_seconds=210).left_out == {
        "plays under 210 s": 2,
        "without a name": 1,
    }


def test_control_characters_in_names_become_the_replacement_character(tmp_path: Path) -> None:
    path = put(tmp_path / "x.json", [{**ACCOUNT[0], "trackName": "a\x07b"}])
    assert songs(read_history(path)) == [("A", "a\ufffdb", 1)]


def test_quotes_that_are_not_doubled_are_read_where_the_row_then_fits(tmp_path: Path) -> None:
    head = "Track Name,Artist Name(s),Added At,Genres\n"
    row = '"Song (feat. R 5\'9)","Band A,R 5\'9",Band C",2020,"rap"\n'
    path = put(tmp_path / "x.csv", head + row + 'Plain,"D ""E""",2021,""\n')
    assert songs(read_history(path)) == [
        ("Band A,R 5'9\",Band C", "Song (feat. R 5'9)", None),
        ('D "E"', "Plain", None),
    ]


def test_half_an_emoji_in_json_does_not_stop_the_reader(tmp_path: Path) -> None:
    text = json.dumps(ACCOUNT[:1]).replace("One", "On\\ud83d")
    assert songs(read_history(put(tmp_path / "x.json", text))) == [("A", "On?", 1)]


BAD = [
    ("x.json", json.dumps(ACCOUNT)[:-30], "x.json, line 1: .*the file is cut off or damaged"),
    ("x.json", json.dumps([{**ACCOUNT[0], "msPlayed": "long"}]), r"Expected .* got `str` - at"),
    ("x.json", json.dumps(ACCOUNT[2:]), "no play is left of it: 1 without a name, 1 plays under"),
    ("x.json", '{"a": 1}', "x.json: no listening history; known are: Spotify account data, "),
    ("x.csv", "tune,band\na,b\n", "x.csv: no listening history"),
    ("x.csv", "", "no listening history"),
    ("x.csv", "artist,track,date\n", "no rows below the header"),
    ("x.csv", "artist,plays\nA,1\nB,many\n", "line 3, column plays: a number of plays .* 'many'"),
    ("x.csv", "artist,track\nA,B\nA,B,C\n", "line 3: a row has 2 comma-separated columns, this"),
    ("x.csv", 'artist,track\nA,B\nA,"B\n', "line 3: no CSV: unexpected end of data"),
    ("x.csv", b"artist,track\nA,caf\xe9\n", "line 2: not UTF-8"),
    ("x.jsonl", LINES + '{"listened_at": ', "line 5: .*cut off or damaged"),
    ("x.zip", b"PK\x03\x04", "x.zip: damaged zip archive: .*; copy it anew"),
    ("x.csv.bz2", b"BZh9nothing", "damaged bzip2 file"),
    ("x.csv.bz2", bz2.compress(b"artist\nA\n")[:-9], "damaged bzip2 file"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD)
def test_what_is_no_history_is_refused_in_a_line(
    name: str, content: str | bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataFormatError, match=message) as error:
        read_history(path)
    assert "\n" not in str(error.value)


def test_an_archive_that_is_cut_off_is_called_damaged(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "my.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("StreamingHistory0.json", json.dumps(ACCOUNT))
    whole = (tmp_path / "my.zip").read_bytes()
    (tmp_path / "my.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataFormatError, match=r"my\.zip: damaged zip archive: it is cut off; copy"):
        read_history(tmp_path / "my.zip")
    flipped = bytearray(whole)
    flipped[60] ^= 255
    (tmp_path / "my.zip").write_bytes(flipped)
    with pytest.raises(DataFormatError, match=r"my\.zip: damaged (zip )?archive: "):
        read_history(tmp_path / "my.zip")


def test_members_whose_names_lead_out_of_an_archive_are_named_and_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "my.zip", "w") as archive:
        for name in ("StreamingHistory0.json", "../StreamingHistory1.json", "/etc/x.json"):
            archive.writestr(name, json.dumps(ACCOUNT[:1]))
    history = read_history(tmp_path / "my.zip", one_person=True)
    assert history.plays == 1 and len(history.unread) == 2
    assert "../StreamingHistory1.json (its name leads out of the archive)" in history.summary()


def test_what_a_service_says_was_not_listened_to_is_no_play(tmp_path: Path) -> None:
    rows = "user_id,media_id,ts_listen,is_listened\n1,7,1478000000,1\n1,8,1478000100,0\n"
    history = read_history(put(tmp_path / "deezer.csv", rows))
    assert history.plays == 1 and history.left_out == {"with 0 plays": 1}


def test_a_folder_without_a_history_and_a_missing_path_are_told(tmp_path: Path) -> None:
    put(tmp_path / "box/notes.txt", "nothing")
    with pytest.raises(DataFormatError, match=r"no listening history in notes\.txt"):
        read_history(tmp_path / "box")
    with pytest.raises(DatasetNotFoundError, match=r"not found: gone\.csv; give a file, a folder"):
        read_history(tmp_path / "gone.csv")
    with pytest.raises(DataFormatError, match=r"notes\.txt: no listening history"):
        read_history([tmp_path / "box/notes.txt", put(tmp_path / "a.csv", "artist\nA\n")])
    with pytest.raises(ConfigError, match="timezone=Mars/Base: no such time zone"):
        read_history(tmp_path / "a.csv", timezone="Mars/Base")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1696290191", "0", "x", ""], ["2023-10-02 23:43:11", None, None, None]),
        (["1696290191000"], ["2023-10-02 23:43:11"]),
        (["2023-10-02T23:43:11Z", "2023-10-03T01:43:11+02:00"], ["2023-10-02 23:43:11"] * 2),
        (["2013-10-02 23:43:11 UTC"], ["2013-10-02 23:43:11"]),
        (
            ["02 Oct 2023, 23:43", "02 Oct 2023 23:43", "02.10.2023 23:43"],
            ["2023-10-02 23:43:00"] * 3,
        ),
    ],
)
def test_times_are_read_however_they_are_written(texts: list, expected: list) -> None:
    import pyarrow as pa

    found = read_times(pa.array(texts)).to_pandas().dt.strftime("%Y-%m-%d %H:%M:%S")
    assert [None if pd.isna(text) else text for text in found] == expected


def test_plays_whose_time_cannot_be_read_are_counted(tmp_path: Path) -> None:
    path = put(tmp_path / "x.csv", "artist,track,uts\nA,One,1696290191\nA,One,0\n")
    history = read_history(path)
    assert history.plays == 2 and history.untimed == 1
    assert "1 plays have a time that is unreadable" in history.summary()
