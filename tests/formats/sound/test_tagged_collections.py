"""MagnaTagATune and MTG-Jamendo as they are published, their sound in numbered folders."""

from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.sound.layouts import COLUMNS, find_layout, read_tracks

ANNOTATIONS = """"clip_id"\t"no voice"\t"guitar"\t"mp3_path"
"2"\t"1"\t"0"\t"f/some_band-an_album-01-a_song-30-59.mp3"
"6"\t"1"\t"1"\t"0/other_band-an_album-01-a_song-0-29.mp3"
"7"\t"0"\t"0"\tc/absent-an_album-01-a_song-0-29.mp3
"""
INFO = """clip_id\ttrack_number\ttitle\tartist\tmp3_path
2\t1\tA "Song"\tSome Band & Friends\tf/some_band-an_album-01-a_song-30-59.mp3
"""
JAMENDO = """TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS
track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock
track_0000215\tartist_000014\talbum_000031\t15/215.mp3\t151.4\tgenre---metal\tgenre---rock\tmood/theme---dark
track_0000216\tartist_000015\talbum_000032\t16/216.mp3\t234.9\tinstrument---voice
"""


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def magna(tmp_path: Path) -> Path:
    write(tmp_path / "annotations_final.csv", ANNOTATIONS)
    write(tmp_path / "f" / "some_band-an_album-01-a_song-30-59.mp3")
    write(tmp_path / "0" / "other_band-an_album-01-a_song-0-29.mp3")
    return tmp_path


@pytest.fixture
def jamendo(tmp_path: Path) -> Path:
    write(tmp_path / "data" / "autotagging.tsv", JAMENDO)
    write(tmp_path / "14" / "214.mp3")
    write(tmp_path / "15" / "215.low.mp3")
    return tmp_path


def test_magnatagatune_has_tags_parts_and_artists_and_no_genres(magna: Path) -> None:
    assert find_layout(magna) == "magnatagatune"
    tracks = read_tracks(magna)
    assert list(tracks.columns) == COLUMNS
    assert tracks["track_id"].tolist() == ["2", "6"]
    assert tracks["tags"].tolist() == [["no voice"], ["no voice", "guitar"]]
    assert tracks["split"].tolist() == ["test", "train"]
    assert tracks["artist"].tolist() == ["some band", "other band"]
    assert set(tracks["genre"]) == {""}
    assert all(Path(path).is_file() for path in tracks["path"])


def test_the_table_of_clips_names_artists_and_titles(magna: Path) -> None:
    write(magna / "clip_info_final.csv", INFO)
    tracks = read_tracks(magna)
    assert tracks["artist"].tolist() == ["Some Band & Friends", "other band"]
    assert tracks["title"].tolist() == ['A "Song"', ""]


def test_jamendo_has_any_number_of_tags_in_further_columns(jamendo: Path) -> None:
    assert find_layout(jamendo) == "jamendo"
    tracks = read_tracks(jamendo)
    assert tracks["track_id"].tolist() == ["track_0000214", "track_0000215"]
    assert tracks["artist"].tolist() == ["artist_000014"] * 2
    assert tracks["tags"].tolist() == [
        ["genre---punkrock"],
        ["genre---metal", "genre---rock", "mood/theme---dark"],
    ]
    assert tracks["genre"].tolist() == ["punkrock", ""]
    assert tracks["path"].tolist() == [str(jamendo / "14/214.mp3"), str(jamendo / "15/215.low.mp3")]


def test_of_several_tables_of_jamendo_the_whole_one_is_read(jamendo: Path) -> None:
    rows = JAMENDO.splitlines(keepends=True)
    write(jamendo / "data" / "autotagging_genre.tsv", "".join(rows[:2]))
    assert len(read_tracks(jamendo)) == 2
    (jamendo / "data" / "autotagging.tsv").rename(jamendo / "data" / "raw_30s.tsv")
    with pytest.raises(DataFormatError, match=r"several tables of MTG-Jamendo: autotagging_genre"):
        read_tracks(jamendo)


def test_the_parts_of_jamendo_are_those_of_its_first_split(jamendo: Path) -> None:
    head, first, second, third = JAMENDO.splitlines(keepends=True)
    for number, (train, val, test) in enumerate([(first, second, third), (third, first, second)]):
        folder = jamendo / "data" / "splits" / f"split-{number}"
        write(folder / "autotagging-train.tsv", head + train)
        write(folder / "autotagging-validation.tsv", head + val)
        write(folder / "autotagging-test.tsv", head + test)
    assert read_tracks(jamendo)["split"].tolist() == ["train", "val"]
    (jamendo / "data/splits/split-0/autotagging-test.tsv").unlink()
    with pytest.raises(DatasetNotFoundError, match=r"split-0: not found: autotagging-test\.tsv"):
        read_tracks(jamendo)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"2"\t"1"', '"2"\t"yes"', r"annotations_final.csv, line 2, column no voice: 0 or 1 is"),
        ("mp3_path", "path", "line 1: no column mp3_path; copy it anew"),
        ('"6"\t"1"\t"1"', '"6"\t"1"', "line 3: a row has 4 tab-separated columns, this one 3"),
    ],
)
def test_bad_annotations_are_refused(magna: Path, old: str, new: str, message: str) -> None:
    write(magna / "annotations_final.csv", ANNOTATIONS.replace(old, new, 1))
    with pytest.raises(DataFormatError, match=message):
        read_tracks(magna)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (JAMENDO.replace("\t124.6\t", "\t"), "line 2: at least 6 tab-separated columns are needed"),
        (JAMENDO.splitlines()[0] + "\n", "no rows below the header; give the table that has them"),
    ],
)
def test_a_bad_table_of_jamendo_is_refused(jamendo: Path, text: str, message: str) -> None:
    write(jamendo / "data" / "autotagging.tsv", text)
    with pytest.raises(DataFormatError, match=message):
        read_tracks(jamendo)


def test_tables_without_their_sound_or_sound_without_its_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"autotagging.tsv; copy a table of the folder"):
        read_tracks(tmp_path, "jamendo")
    write(tmp_path / "autotagging.tsv", JAMENDO)
    with pytest.raises(DatasetNotFoundError, match=r"not found: 14/214.mp3 and all others of its"):
        read_tracks(tmp_path)
