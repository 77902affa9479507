"""Folders of sound files: formats that are not read, numbers for genres, a level too high."""

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_sound import write_tone

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.sound.genre_folders import is_numbered, sound_files, why_no_genres
from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.formats.sound.named_songs import find_new_songs
from muso_exp.formats.sound.new_songs import find_songs, warn_of_bad
from muso_exp.sound.decoding import AudioError, decode
from muso_exp.sound.store import StoreOptions, build_store

OPTIONS = StoreOptions(sample_rate=8000, seconds=1.0, crop="centre", workers=1, min_seconds=1.0)


@pytest.fixture(autouse=True)
def libsndfile_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formats that libsndfile does not read are not read, whatever is installed."""
    monkeypatch.setenv("MUSO_LIBSNDFILE_ALONE", "1")


def touch(root: Path, *places: str) -> Path:
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(b"\0\0\0\x18ftypM4A ")
    return root


def test_formats_that_are_not_read_are_counted_and_their_genre_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, *(f"pop/{n}.m4a" for n in range(6)), "rock/a.M4A", "rock/b.wma", "rock/c.txt")
    (tmp_path / "jazz").mkdir()
    for place in ("jazz/a.wav", "rock/d.wav"):
        write_tone(tmp_path / place, 440)
    tracks = read_tracks(tmp_path)
    assert "8 of 10 sound files have suffixes that are not read (.m4a 7, .wma 1)" in caplog.text
    assert "left out, among them all of pop; convert it, for instance: ffmpeg" in caplog.text
    store = build_store(tracks, tmp_path / "cache", OPTIONS)
    assert store.index["track_id"].tolist() == ["jazz/a.wav", "rock/d.wav"]
    assert store.quarantine["code"].tolist() == ["other_format"] * 8
    assert set(tracks["genre"]) == {"jazz", "pop", "rock"}


@pytest.mark.parametrize("suffix", ".m4a .aac .wma .webm .mp4 .ape .wv .mpc".split())
def test_a_folder_of_one_such_format_says_how_to_convert_it(suffix: str, tmp_path: Path) -> None:
    touch(tmp_path, f"pop/a{suffix}", f"rock/b{suffix}")
    for tracks in (read_tracks(tmp_path), find_songs(tmp_path)):
        with pytest.raises(DataFormatError, match=rf"2 other_format.*\{suffix} is not read; conv"):
            build_store(tracks, tmp_path / "cache", OPTIONS)
    with pytest.raises(AudioError, match="is not read; convert it, for instance: ffmpeg -i"):
        decode(tmp_path / f"pop/a{suffix}")


@pytest.mark.parametrize(("suffix", "kind"), [("caf", "CAF"), ("w64", "W64"), ("aifc", "AIFF")])
def test_rarer_formats_that_are_read_do_not_vanish(suffix: str, kind: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / f"a.{suffix}", np.sin(np.arange(16000) / 9), 8000, format=kind)
    assert build_store(find_songs(tmp_path), tmp_path / "cache", OPTIONS).quarantine.empty


def test_hidden_files_are_no_new_songs(tmp_path: Path) -> None:
    touch(tmp_path, "._a.wav", ".trash/b.wav", "more/._c.mp3")
    with pytest.raises(DatasetNotFoundError, match="any sound file; names must end in"):
        find_songs(tmp_path)
    write_tone(tmp_path / "a.wav", 440)
    assert find_songs(tmp_path)["track_id"].tolist() == ["a.wav"]


def test_new_songs_of_other_formats_are_counted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, *(f"{n}.m4a" for n in range(30)), "torn.wav")
    write_tone(tmp_path / "good.wav", 440)
    songs = find_songs(tmp_path)
    warn_of_bad(build_store(songs, tmp_path / "cache", OPTIONS).quarantine, len(songs))
    lines = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(lines) == 3 and "not read, left out: .m4a 30; convert" in lines[0]
    assert "1 of 32 files cannot be used" in lines[1] and "torn.wav: not_audio" in lines[2]


def test_numbers_are_genres_only_where_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "00/a.wav", "01/b.wav", "loose.wav")
    assert set(read_tracks(tmp_path)["genre"]) == {""}
    assert set(read_tracks(tmp_path, "folder")["genre"]) == {"", "00", "01"}
    assert r"numbers (00, 01), which name no genres" in why_no_genres(tmp_path)
    assert len(find_new_songs(tmp_path)) == 3
    touch(tmp_path, "80s/c.wav")
    assert set(read_tracks(tmp_path)["genre"]) == {"", "00", "01", "80s"}


@pytest.mark.parametrize(
    ("names", "numbered"),
    [
        *((["0", "f", "a"], True), (["007"], True), (["rock", "1"], False)),
        *((["g"], False), (["a", "b"], False), ([], False)),
    ],
)
def test_names_are_numbers_if_all_are(names: list[str], numbered: bool) -> None:
    assert is_numbered(["", *names]) is numbered


def test_folders_called_by_letters_are_genres(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.wav", "b/y.wav")
    assert read_tracks(tmp_path)["genre"].tolist() == ["a", "b"]
    assert why_no_genres(tmp_path) == ""


def test_the_folder_below_is_named_where_the_root_is_a_level_too_high(tmp_path: Path) -> None:
    touch(tmp_path, "Data/genres/rock/a.wav", "Data/genres/jazz/b.wav", "Data/images/rock/a.png")
    below = tmp_path / "Data" / "genres"
    assert why_no_genres(tmp_path) == f"set dataset.root={below}, which holds jazz, rock"
    assert why_no_genres(below) == why_no_genres(below / "rock") == ""
    (tmp_path / "manifest.csv").write_text("track_id,path\n")
    assert why_no_genres(tmp_path) == ""


def test_of_many_folders_the_first_are_named(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{n:02d}/a.wav" for n in range(40)))
    assert "(00, 01, 02, 03, 04, ... (40))" in why_no_genres(tmp_path)


def test_only_sound_is_found_sorted_by_place(tmp_path: Path) -> None:
    touch(tmp_path, "b/x.MP3", "a/y.wv", "a/cover.jpg", "list.csv")
    assert sound_files(tmp_path) == [tmp_path / "a/y.wv", tmp_path / "b/x.MP3"]
