"""Folders of sound as they are published, and published lists of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from tiny_sound import write_tone

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError, MusoError
from muso_exp.formats.sound.layouts import COLUMNS, find_layout, read_tracks
from muso_exp.formats.sound.new_songs import find_songs
from muso_exp.formats.sound.split_lists import read_artist_list, read_split_list, set_listed
from muso_exp.sound.store import StoreOptions, build_store
from muso_exp.text import visible

OPTIONS = StoreOptions(sample_rate=8000, seconds=1.0, crop="centre", workers=1, min_seconds=1.0)
FMA_TABLE = """,album,artist,set,set,track,track,track,track
,comments,name,split,subset,bit_rate,genre_top,tags,title
track_id,,,,,,,,
2,0,AWOL,training,small,256000,Hip-Hop,[],Food
3,0,"NA",validation,medium,256000,,"['lo-fi', ""b's""]","The
Best"
5,0,"Kurt, Vile",test,small,256000,Rock,[],NA
7,0,Nicky,training,large,256000,Pop,[],No file
"""


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def fma(tmp_path: Path) -> Path:
    write(tmp_path / "fma_metadata" / "tracks.csv", FMA_TABLE)
    for subset, track in (("small", 2), ("medium", 2), ("medium", 3), ("small", 5)):
        write(tmp_path / f"fma_{subset}" / "000" / f"{track:06d}.mp3")
    return tmp_path


@pytest.fixture
def gtzan(tmp_path: Path) -> Path:
    for genre in ("blues", "rock"):
        for number in range(2):
            write(tmp_path / genre / f"{genre}.{number:05d}.wav")
    write(tmp_path / "rock" / "notes.txt")
    return tmp_path


def test_a_manifest_needs_only_ids_and_paths(tmp_path: Path) -> None:
    write(tmp_path / "manifest.csv", "track_id,path\nNA,a/x.ogg\n07,/elsewhere/y.ogg\n")
    tracks = read_tracks(tmp_path)
    assert list(tracks.columns) == COLUMNS
    assert list(tracks["track_id"]) == ["NA", "07"]
    assert list(tracks["path"]) == [str(tmp_path / "a/x.ogg"), "/elsewhere/y.ogg"]
    assert tracks.loc[0, ["artist", "title", "genre", "split"]].tolist() == [""] * 4
    assert tracks.loc[0, "tags"] == []


def test_a_table_stands_for_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "manifest.csv", "track_id,path\n7,a/x.ogg\n")
    tracks = read_tracks(tmp_path / "manifest.csv")
    assert tracks["path"].tolist() == [str(tmp_path / "a/x.ogg")]


def test_a_manifest_may_say_more(tmp_path: Path) -> None:
    table = (
        'path,track_id,artist,title,genre,tags,split,bpm\nx.ogg,1,"A, B",T,jazz,slow|sad,valid,9\n'
    )
    write(tmp_path / "manifest.csv", "\ufeff" + table)
    track = read_tracks(tmp_path, "manifest").iloc[0]
    assert track["artist"] == "A, B"
    assert track["tags"] == ["slow", "sad"]
    assert (track["genre"], track["split"]) == ("jazz", "val")


def test_fma_is_read_by_its_header_of_three_lines(fma: Path) -> None:
    tracks = read_tracks(fma)
    assert list(tracks["track_id"]) == ["2", "3", "5"]
    assert list(tracks["artist"]) == ["AWOL", "NA", "Kurt, Vile"]
    assert list(tracks["title"]) == ["Food", "The\nBest", "NA"]
    assert list(tracks["genre"]) == ["Hip-Hop", "", "Rock"]
    assert list(tracks["split"]) == ["train", "val", "test"]
    assert list(tracks["tags"]) == [[], ["lo-fi", "b's"], []]
    places = [Path(path).relative_to(fma).as_posix() for path in tracks["path"]]
    assert places == [f"fma_{s}/000/00000{n}.mp3" for s, n in
                      (("medium", 2), ("medium", 3), ("small", 5))]  # fmt: skip


def test_gtzan_says_genres_and_no_artists(gtzan: Path) -> None:
    tracks = read_tracks(gtzan)
    assert list(tracks["track_id"]) == ["blues.00000", "blues.00001", "rock.00000", "rock.00001"]
    assert list(tracks["genre"]) == ["blues", "blues", "rock", "rock"]
    assert set(tracks["artist"]) == {""}
    assert all(Path(path).is_file() for path in tracks["path"])


@pytest.mark.data
def test_real_emotify_has_25_clips_of_each_genre(real_data: Path) -> None:
    tracks = read_tracks(real_data / "emotify-audio")
    genres = ["classical", "electronic", "pop", "rock"]
    assert tracks["genre"].value_counts().to_dict() == dict.fromkeys(genres, 25)
    assert all(Path(path).is_file() for path in tracks["path"])
    assert tracks.loc[tracks["track_id"] == "1", "artist"].item() == "Voices of Music"
    assert (tracks.groupby("genre")["artist"].nunique().isin((16, 17))).all()


def test_what_is_no_layout_is_refused_with_a_list_of_those_that_are(tmp_path: Path) -> None:
    message = r"no layout of sound files .*manifest.csv.*gtzan.*folder of sound files per genre"
    with pytest.raises(ConfigError, match=message):
        read_tracks(tmp_path)
    write(tmp_path / "song.mp3")
    write(tmp_path / "manifest.csv", "song,path\n1,song.mp3\n")
    with pytest.raises(ConfigError, match=message):
        read_tracks(tmp_path)


def test_a_folder_per_genre_needs_no_table(tmp_path: Path) -> None:
    places = ["jazz/a.wav", "jazz/more/b.MP3", "rock/a.wav", "loose.flac", ".trash/x.wav"]
    for place in [*places, "rock/._a.wav", "rock/cover.jpg"]:
        write(tmp_path / place)
    tracks = read_tracks(tmp_path)
    assert tracks["track_id"].tolist() == [
        "jazz/a.wav",
        "jazz/more/b.MP3",
        "loose.flac",
        "rock/a.wav",
    ]
    assert tracks["path"].tolist() == [str(tmp_path / name) for name in tracks["track_id"]]
    assert tracks["genre"].tolist() == ["jazz", "jazz", "", "rock"]
    assert tracks["title"].tolist() == ["a", "b", "loose", "a"]
    assert set(tracks["artist"]) == set(tracks["split"]) == {""} and not any(tracks["tags"])
    assert read_tracks(tmp_path, "folder").equals(tracks)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_artist_and_title_are_those_in_the_file(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "pop").mkdir()
    with soundfile.SoundFile(tmp_path / "pop" / f"1.{suffix}", "w", 44100, 1) as file:
        file.artist, file.title = "Björk", " Jóga "
        file.write(np.zeros(4410))
    assert read_tracks(tmp_path).loc[0, ["artist", "title"]].tolist() == ["Björk", "Jóga"]


def test_any_other_layout_comes_before_that_of_folders(gtzan: Path) -> None:
    write(gtzan / "rock" / "another.wav")
    assert find_layout(gtzan) == "gtzan"
    assert len(read_tracks(gtzan, "folder")) == 5


def test_what_looks_like_two_layouts_must_be_named(gtzan: Path) -> None:
    write(gtzan / "manifest.csv", "track_id,path\n1,blues/blues.00000.wav\n")
    with pytest.raises(ConfigError, match=r"looks like manifest and gtzan; set dataset.layout"):
        read_tracks(gtzan)
    assert len(read_tracks(gtzan, "manifest")) == 1
    assert len(read_tracks(gtzan, "gtzan")) == 4


@pytest.mark.parametrize(
    ("layout", "error", "message"),
    [
        ("mtat", ConfigError, "layout=mtat: choose one of auto, manifest, fma, gtzan, emotify"),
        ("folder", DataFormatError, "no track in it"),
        ("fma", DatasetNotFoundError, "not found: tracks.csv; unpack fma_metadata.zip"),
        ("manifest", DatasetNotFoundError, "not found: manifest.csv; copy the whole folder"),
        ("gtzan", DataFormatError, "no track in it"),
    ],
)
def test_an_empty_folder_is_refused(
    tmp_path: Path, layout: str, error: type[MusoError], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_tracks(tmp_path, layout)
    with pytest.raises(DatasetNotFoundError, match=r"the folder itself; set dataset\.root"):
        read_tracks(tmp_path / "nowhere", layout)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("track_id,path\n", "manifest.csv: no rows below the header; give the table that has them"),
        (
            "path\nx.ogg\n",
            r"manifest.csv, line 1: no column of track_ids \(track_id, .*\) among: path",
        ),
        ("track_id,path\n1,x.ogg\n,y.ogg\n", "line 3, column track_id: an empty value"),
        ("track_id,path\n1,x.ogg\n1,y.ogg\n", "two tracks with one track_id, got '1'"),
        ("track_id,path,split\n1,x,train\n2,y,rest\n", "line 3, column split: train, val, test"),
        ('track_id,path\n1,"x\n', "manifest.csv, line 2: no CSV: unexpected end of data"),
        ("", "manifest.csv: the file is empty; copy it anew"),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path: Path, table: str, message: str) -> None:
    write(tmp_path / "manifest.csv", table)
    with pytest.raises(DataFormatError, match=message):
        read_tracks(tmp_path, "manifest")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("genre_top", "genre", r"tracks.csv, line 1: no column track genre_top"),
        ("[],Food", "[broken,Food", r"column tags: no list of tags, got '\[broken'"),
        ("2,0,AWOL", "8,0,AWOL", r"000002.mp3: its track is not in .*tracks.csv"),
        (
            "AWOL,training",
            "AWOL,Training",
            r"train, val, test or nothing is needed, got 'Training'",
        ),
        (FMA_TABLE, "track_id\n", r"line 1: no column artist name in the first two lines"),
        ("[],NA", '[],"NA', r"tracks.csv, line 7: no CSV: unexpected end of data; correct the row"),
    ],
)
def test_a_bad_table_of_fma_is_refused(fma: Path, old: str, new: str, message: str) -> None:
    write(fma / "fma_metadata" / "tracks.csv", FMA_TABLE.replace(old, new, 1))
    with pytest.raises(DataFormatError, match=message):
        read_tracks(fma)


def test_published_lists_of_gtzan_leave_faulty_tracks_out(gtzan: Path, tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    write(lists / "train_filtered.txt", "blues/blues.00000.wav\n\n")
    write(lists / "valid_filtered.txt", "rock/rock.00001.wav\n")
    write(lists / "test_filtered.txt", "./blues/blues.00001.wav\n")
    listed = read_split_list(lists)
    assert listed == {
        "blues/blues.00000.wav": "train",
        "rock/rock.00001.wav": "val",
        "./blues/blues.00001.wav": "test",
    }
    tracks = set_listed(read_tracks(gtzan), "split", listed)
    assert list(tracks["split"]) == ["train", "test", "", "val"]


def test_a_table_may_list_splits_or_artists_by_id(gtzan: Path, tmp_path: Path) -> None:
    write(tmp_path / "splits.csv", "id, split\nblues.00000,training\nrock.00000,test\n")
    write(tmp_path / "artists.csv", 'track_id,artist\nblues.00000,"King, B. B."\nrock.00000,NA\n')
    tracks = set_listed(read_tracks(gtzan), "split", read_split_list(tmp_path / "splits.csv"))
    assert list(tracks["split"]) == ["train", "", "test", ""]
    tracks = set_listed(tracks, "artist", read_artist_list(tmp_path / "artists.csv"))
    assert list(tracks["artist"]) == ["King, B. B.", "", "NA", ""]
    assert list(tracks["split"]) == ["train", "", "test", ""]


def test_a_track_on_no_list_of_the_data_is_refused() -> None:
    tracks = pd.DataFrame({"track_id": ["1"], "path": ["/data/x/1.mp3"]})
    with pytest.raises(DataFormatError, match=r"1 of 2 listed tracks are not in the data, got '2'"):
        set_listed(tracks, "split", {"1": "train", "2": "test"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "id,part\n1,train\n",
            r"splits.csv, line 1: no column of splits \(split\) among: id, part; name it so",
        ),
        ("id,split\n", "no rows below the header"),
        ("id,split\n1\n", "splits.csv, line 2: a row has 2 comma-separated columns, this one 1"),
        ("id,split\n1,middle\n", "no part of a split, got 'middle'; use train, val or test"),
        ("id,split\n1,train\n1,test\n", "in both train and test, got '1'"),
    ],
)
def test_a_bad_split_list_is_refused(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path / "splits.csv", text)
    with pytest.raises(DataFormatError, match=message):
        read_split_list(tmp_path / "splits.csv")


def test_an_absent_or_empty_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match="give the path of the artist list"):
        read_artist_list(tmp_path / "artists.csv")
    (tmp_path / "lists").mkdir()
    with pytest.raises(DataFormatError, match=r"no train\*.txt, val\*.txt or test\*.txt"):
        read_split_list(tmp_path / "lists")


@pytest.mark.parametrize("name", ["\udcff\udcfe.wav", "a\x1b[31m.wav"])
def test_a_sound_file_whose_name_no_table_can_hold_is_quarantined(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "sound" / "rock").mkdir(parents=True)
    write_tone(tmp_path / "sound" / "rock" / "good.wav", 440)
    write_tone(tmp_path / "bad.wav", 440)
    (tmp_path / "bad.wav").rename(tmp_path / "sound" / "rock" / name)
    for tracks in (read_tracks(tmp_path / "sound"), find_songs(tmp_path / "sound")):
        store = build_store(tracks, tmp_path / "cache", OPTIONS)
        assert store.index["track_id"].tolist() == ["rock/good.wav"]
        (row,) = store.quarantine.to_dict("records")
        assert row["track_id"] == f"rock/{visible(name)}" and row["code"] == "missing"
        assert "rename it" in row["detail"]


def test_control_characters_of_tags_in_a_file_are_made_visible(tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 8000, 1) as file:
        file.artist, file.title = "\x1b[31mred", "plain"
        file.write(np.sin(np.arange(8000)) / 4)
    (track,) = read_tracks(tmp_path).to_dict("records")
    assert (track["artist"], track["title"]) == (r"\x1b[31mred", "plain")
