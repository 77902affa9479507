"""Tables of tracks in the notations that people's files have."""

from collections import Counter
from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.exportify_headings import TRANSLATED
from muso_exp.formats.feature_columns import read_features
from muso_exp.formats.feature_table import find_feature_table, read_feature_table
from muso_exp.formats.track_tables import read_rows

TWO = ["danceability", "key"]


def table(tmp_path: Path, text: str, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("cell", ["A;B", "\"['A', 'B']\"", "['A']", "A"])
def test_of_a_list_of_artists_the_first_counts(cell: str, tmp_path: Path) -> None:
    rows = read_rows(table(tmp_path, f"track_id,artists,track_name\n1,{cell},One\n"))
    assert rows[["id", "artist", "title"]].to_numpy().tolist() == [["1", "A", "One"]]


def test_keys_modes_and_signatures_may_be_written_as_words(tmp_path: Path) -> None:
    text = "id,key,mode,time_signature\n1,C#,Major,4/4\n2,B,Minor,3/4\n3,A♭,minor,5/4\n"
    path = table(tmp_path, text)
    tracks = read_features(path, read_rows(path), ["key", "mode", "time_signature"])
    assert tracks.iloc[:, 4:].to_numpy().tolist() == [[1, 1, 4], [11, 0, 3], [8, 0, 5]]
    path = table(tmp_path, "id,key\n1,H\n")
    with pytest.raises(DataFormatError, match="a whole number from -1 to 11 is needed, got 'H'"):
        read_features(path, read_rows(path), ["key"])


def test_semicolons_come_with_decimal_commas_and_tabs_are_read_too(tmp_path: Path) -> None:
    for mark, number in ((";", "0,25"), ("\t", "0.25"), (",", "0.25")):
        path = table(tmp_path, f"id{mark}title{mark}danceability\n1{mark}a, b{mark}{number}\n")
        if mark == ",":
            path = table(tmp_path, f'id,title,danceability\n1,"a, b",{number}\n')
        tracks = read_features(path, read_rows(path), ["danceability"])
        assert tracks[["id", "title", "danceability"]].to_numpy().tolist() == [["1", "a, b", 0.25]]


@pytest.mark.parametrize("language", range(11))
def test_exportify_is_read_in_its_languages(language: int, tmp_path: Path) -> None:
    roles = ["track_id", "track", "artist", "danceability", "loudness"]
    header = [TRANSLATED[role][min(language, len(TRANSLATED[role]) - 1)] for role in roles]
    rows = read_rows(table(tmp_path, ",".join(header) + "\nspotify:track:1,One,A,0.5,-6\n"))
    assert rows[["id", "title", "artist"]].to_numpy().tolist() == [["1", "One", "A"]]
    assert rows["danceability"].tolist() == ["0.5"] and rows["loudness"].tolist() == ["-6"]


def test_a_table_without_any_identity_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"no column of track_ids .* or artists .* or track"):
        read_rows(table(tmp_path, "Dance,danceability,key\nx,0.5,1\n"))


def test_quotes_that_exportify_did_not_double_are_read(tmp_path: Path) -> None:
    text = 'Track Name,Artist Name(s),Danceability\n"Song","Band A,Royce 5\'9",Band C",0.5\n'
    rows = read_rows(table(tmp_path, text))
    assert rows["artist"].tolist() == ["Band A,Royce 5'9\",Band C"]


BAD = "id,danceability,key\n1,0.5,1\n2,,\n3,2.5,1\n4,0.5,x\n"


def test_bad_rows_are_refused_with_the_option_named_or_dropped_by_reason(tmp_path: Path) -> None:
    path = table(tmp_path, BAD)
    with pytest.raises(DataFormatError, match=r"line 3, column dance.*dataset\.bad_rows=drop$"):
        read_feature_table(path, TWO)
    left = Counter[str]()
    tracks = read_feature_table(path, TWO, left_out=left)
    assert tracks["id"].tolist() == ["1"]
    assert left == {
        "without audio features": 1,
        "without a valid danceability": 1,
        "without a valid key": 1,
    }
    with pytest.raises(DataFormatError, match=r"no row is left: \{'without audio features': 1\}"):
        read_feature_table(table(tmp_path, "id,danceability,key\n2,,\n"), TWO, left_out=left)


def test_a_feature_table_may_be_given_as_the_file_itself(tmp_path: Path) -> None:
    path = table(tmp_path, BAD, "songs.csv")
    assert find_feature_table(path) == path


def test_a_table_without_any_audio_feature_is_no_table_of_features(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("artist,track\nBand,Song\n")
    with pytest.raises(DataFormatError, match="line 1: no column of audio features; give a table"):
        read_features(path, read_rows(path), ["key", "mode"])
