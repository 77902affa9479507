"""Histories as people have them: what no sample of a service shows, and none of it is misread."""

import bz2
import gzip
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from history_samples import ACCOUNT, LIBRARY, PLAYED, extended, listen, put, songs

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.histories import History, read_history
from muso_exp.formats.seeds import read_seeds
from muso_exp.tasks.taste.listening import count_listening


def read(path: Path) -> History:
    return read_history(path, one_person=True)


def days(history: History) -> list[str]:
    return history.table["time"].dt.strftime("%Y-%m-%d %H:%M").fillna("").tolist()


def test_braces_in_the_first_names_hide_no_format(tmp_path: Path) -> None:
    play = {"endTime": "2023-10-02 23:43", "artistName": "{A} \\", "trackName": 'Lost {"x"}'}
    history = read(put(tmp_path / "x.json", [{**play, "msPlayed": 200_000}]))
    assert songs(history) == [("{A} \\", 'Lost {"x"}', 1.0)]
    older = {"user_agent_decrypted": "a{b}c", **extended("2023-10-02T23:43:11Z", "One", "A")}
    assert songs(read(put(tmp_path / "y.json", [older]))) == [("A", "One", 1.0)]


def test_a_library_may_begin_with_any_of_its_lists(tmp_path: Path) -> None:
    turned = {name: LIBRARY[name] for name in reversed(LIBRARY)}
    assert songs(read(put(tmp_path / "YourLibrary.json", turned))) == [("A", "One", None)]


@pytest.mark.parametrize("how", ["gz", "bz2"])
def test_packed_files_in_an_archive_are_unpacked(how: str, tmp_path: Path) -> None:
    raw = b"artist,track,date\nA,One,02 Oct 2023 23:43\nB,Two,02 Oct 2023 23:47\n"
    with zipfile.ZipFile(tmp_path / "my.zip", "w") as archive:
        archive.writestr(f"a/b/log.csv.{how}", {"gz": gzip, "bz2": bz2}[how].compress(raw))
    assert songs(read(tmp_path / "my.zip")) == PLAYED
    with zipfile.ZipFile(tmp_path / "cut.zip", "w") as archive:
        archive.writestr(f"log.csv.{how}", {"gz": gzip, "bz2": bz2}[how].compress(raw)[:-9])
    with pytest.raises(DataFormatError, match=r"cut\.zip: (damaged archive: )?"):
        read(tmp_path / "cut.zip")


def test_an_archive_with_a_password_is_called_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.csv", "artist\nA\n")
    raw = bytearray((tmp_path / "x.zip").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + place] |= 1  # the flag of a file that is encrypted
    (tmp_path / "x.zip").write_bytes(raw)
    with pytest.raises(DataFormatError, match="a password locks this archive; unpack it"):
        read(tmp_path / "x.zip")


DATES = {  # of a column -> the days that it means
    "month first": (["03/04/2025 10:46", "11/27/2025 10:46"], ["2025-03-04", "2025-11-27"]),
    "day first": (["03/04/2025 10:46", "27/11/2025 10:46"], ["2025-04-03", "2025-11-27"]),
    "either": (["03/04/2025 10:46"], ["2025-04-03"]),
    "named": (["Nov 27, 2025, 10:46", "28 November 2025"], ["2025-11-27", "2025-11-28"]),
    "GMT": (["27 Nov 2025 10:46:12 GMT"], ["2025-11-27"]),
}


@pytest.mark.parametrize("name", DATES)
def test_the_day_of_a_date_is_found_by_the_whole_column(name: str, tmp_path: Path) -> None:
    texts, expected = DATES[name]
    rows = "".join(f'A,{n},"{text}"\n' for n, text in enumerate(texts))
    history = read(put(tmp_path / "x.csv", f"artist,track,date\n{rows}"))
    assert sorted(day[:10] for day in days(history)) == expected and history.untimed == 0


def test_clocks_of_twelve_hours_are_read(tmp_path: Path) -> None:
    rows = "artist,track,date\nA,a,11/27/2025 12:10 AM\nA,b,11/27/2025 1:46:09 PM\n"
    expected = ["2025-11-27 00:10", "2025-11-27 13:46"]
    assert days(read(put(tmp_path / "x.csv", rows))) == expected
    assert days(read(put(tmp_path / "y.csv", "A,X,a,27 Nov 2025 1:46 pm\n"))) == expected[1:]


def test_times_that_cannot_be_are_none_and_counted(tmp_path: Path) -> None:
    rows = "artist,track,uts\nA,a,86400\nA,b,1764240360\nA,c,4102444801\nA,c,4102444801\n"
    history = read(put(tmp_path / "x.csv", rows))
    assert days(history) == ["2025-11-27 10:46", "", ""] and history.untimed == 2
    assert history.left_out == {"repeated in exports that overlap": 1}
    assert "2 plays have a time that is unreadable or impossible" in history.summary()
    assert count_listening(history).years["year"].tolist() == [2025]


@pytest.mark.parametrize("length", [1e30, 9.3e18, 86_400_001])
def test_lengths_that_cannot_be_count_as_unknown(length: float, tmp_path: Path) -> None:
    play = {**ACCOUNT[0], "msPlayed": length}
    history = read(put(tmp_path / "x.json", [play, ACCOUNT[1]]))
    listening = count_listening(history)
    assert history.plays == 2 and listening.measured == 1
    assert listening.hours == pytest.approx(240 / 3600)


def test_a_table_without_rows_beside_others_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "box/a.csv", "artist,track,date\n")
    put(tmp_path / "box/b.csv", "artist,track,date\nA,One,02 Oct 2023 23:43\n")
    assert songs(read(tmp_path / "box")) == PLAYED[:1]
    with pytest.raises(DataFormatError, match="no rows below the header"):
        read(tmp_path / "box/a.csv")


HEADINGS = {
    "datetime,artist,album,name\n2025-11-27 10:46:10,A,x,One\n": [("A", "One", 1.0)],
    "Artist Name,Track Name,Scrobbled At\nA,One,2025-11-27T10:46:10Z\n": [("A", "One", 1.0)],
    "Song,Artist,Time,Spotify URI\nOne,A,3:45,spotify:track:1\n": [("A", "One", None)],
    "artist,track,time\nA,One,2025-11-27 10:46\n": [("A", "One", 1.0)],
    "[unknown],X,[data track],27 Nov 2025 10:46\n": [("[unknown]", "[data track]", 1.0)],
    "Artist,Scrobbles\nA,12\nB,7\n": [("A", "", 12.0), ("B", "", 7.0)],
    'artist,plays\nA,"1,200"\nB,1 234 567\nC,1.250\n': [
        *(("A", "", 1200.0), ("B", "", 1_234_567.0), ("C", "", 1.25)),
    ],
    "1764240360\tOne\tA\tX\t\t\t\n1764240000\tTwo\tB\t\t\t\t\n": [
        *(("B", "Two", 1.0), ("A", "One", 1.0)),
    ],
}


@pytest.mark.parametrize("text", HEADINGS)
def test_tables_of_other_programs_are_read(text: str, tmp_path: Path) -> None:
    assert songs(read(put(tmp_path / "x.csv", text))) == HEADINGS[text]


def test_a_text_file_with_tabs_is_a_table_and_one_without_a_list(tmp_path: Path) -> None:
    table = put(tmp_path / "export.txt", "1764240360\tOne\tA\tX\t\t\t\n")
    assert read_seeds(table).rows[["artist", "title"]].to_numpy().tolist() == [["A", "One"]]
    named = put(tmp_path / "list.txt", "Artist\nTrack - One\n")
    assert read_seeds(named).rows["artist"].tolist() == ["Artist", "Track"]


def test_two_accounts_are_one_person_and_a_file_of_two_users_is_none(tmp_path: Path) -> None:
    plays = [{**listen(1_696_290_191 + n, "One"), "user_name": f"me{n}"} for n in range(2)]
    for n in range(2):
        put(tmp_path / f"box/{n}.json", {"payload": {"listens": plays[n : n + 1]}})
    history = read(tmp_path / "box")
    assert history.plays == 2 and history.users == ["me0"]
    with pytest.raises(DataFormatError, match=r"plays of 2 users \(me0, me1\)"):
        read(put(tmp_path / "both.json", {"payload": {"listens": plays}}))


def test_plays_that_two_services_may_both_have_noted_are_told(tmp_path: Path) -> None:
    put(tmp_path / "StreamingHistory0.json", ACCOUNT)
    put(tmp_path / "endsong_0.json", [extended("2023-10-02T23:43:11Z", "One", "A")])
    assert read(tmp_path).noted_twice == 0
    began = "artist,track,date\na,one,02 Oct 2023 23:40\nB,Two,02 Oct 2023 23:30\n"
    put(tmp_path / "lastfm.csv", began)
    history = read(tmp_path)
    assert history.plays == 4 and history.noted_twice == 1
    assert "1 plays are within ten minutes of a play of the same song" in history.summary()


def test_names_of_any_script_stay_as_they_are(tmp_path: Path) -> None:
    names = ["فيروز", "\u200f\u05e2\u05d1\u05e8\u05d9", "NA", "null", "311", "!!!", "🔥"]
    rows = pd.DataFrame({"artist": names, "track": names[::-1]})
    rows["uts"] = range(1_696_290_191, 1_696_290_191 + len(rows))
    history = read(put(tmp_path / "x.csv", "\ufeff" + rows.to_csv(index=False)))
    assert history.table["artist"].tolist() == names
    assert json.loads(json.dumps(history.table["title"].tolist())) == names[::-1]
    assert len(count_listening(history).artists) == len(names)
