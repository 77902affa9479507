"""Bad files of the Million Playlist Dataset: one line each, nothing half-written."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tiny_mpd import asked, dataset, playlist, ready, track, write, write_features, write_slices

from muso_exp.data.continuation import json_stream
from muso_exp.data.continuation.json_stream import JsonStream
from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError, MusoError

GOOD = [playlist(p, range(p, p + 12)) for p in range(4)]


def message(root: Path, tmp_path: Path, **options: Any) -> str:
    with pytest.raises(MusoError) as caught:
        ready(root, tmp_path / "cache", **options)
    text = str(caught.value)
    assert "\n" not in text
    left = [path for path in tmp_path.glob("cache/*") if path.is_dir()]
    assert not [path for path in left if path.name.endswith(".partial")]
    assert all((path / "tracks.parquet").is_file() for path in left)  # whole or not at all
    return text


def without(name: str, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (GOOD[1] | changes).items() if key != name}


BAD_PLAYLISTS = {
    "repeated pid": (playlist(0, range(9)), "playlist 2 (pid 0): the pid is that of playlist 1 al"),
    "no pid": (without("pid"), 'playlist 2: "pid" must be a whole number >= 0'),
    "pid of text": (GOOD[1] | {"pid": "1"}, 'playlist 2 (pid 1): "pid" must be a whole number >= '),
    "negative pid": (GOOD[1] | {"pid": -1}, '"pid" must be a whole number >= 0, got -1'),
    "no tracks": (without("tracks"), 'playlist 2 (pid 1): no list "tracks"'),
    "no name": (without("name"), 'playlist 2 (pid 1): no text "name"'),
    "wrong count": (
        GOOD[1] | {"num_tracks": 11},
        'playlist 2 (pid 1): "num_tracks" is 11, but 12 tracks are listed',
    ),
    "no count": (without("num_tracks"), '(pid 1): "num_tracks" must be a whole number >= 0'),
    "no object": (["x"], "playlist 2: no object, got ['x']"),
    "track no object": (
        GOOD[1] | {"tracks": [None], "num_tracks": 1},
        "(pid 1): track 1 is no object",
    ),
    "track without artist": (
        GOOD[1] | {"tracks": [track(90) | {"artist_uri": None}], "num_tracks": 1},
        '(pid 1): track 1 has no text "artist_uri"',
    ),
    "track of another kind": (
        GOOD[1] | {"tracks": [track(90) | {"track_uri": "spotify:local:x"}], "num_tracks": 1},
        "(pid 1): track 1: \"track_uri\" must begin with spotify:track:, got 'spotify:local:x'",
    ),
    "track without uri": (
        GOOD[1] | {"tracks": [track(90), {"pos": 1}], "num_tracks": 2},
        '(pid 1): track 2 has no text "track_uri"',
    ),
}


@pytest.mark.parametrize("case", BAD_PLAYLISTS)
def test_a_bad_playlist_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    bad, expected = BAD_PLAYLISTS[case]
    path = write(tmp_path / "mpd" / "mpd.slice.0-3.json", [GOOD[0], bad, *GOOD[2:]])
    text = message(path.parent, tmp_path)
    assert expected in text
    first = path.read_text().index("\n        },\n") + len("\n        },\n")  # ends the first one
    line = path.read_text().count("\n", 0, first) + 1
    assert f"mpd.slice.0-3.json, line {line}: " in text


GOOD_TEXT = json.dumps({"info": {}, "playlists": GOOD}, indent=1)
BAD_FILES = {
    "empty": (b"", "empty file; copy it anew"),
    "spaces": (b" \n ", "empty file"),
    "no json": (b"pid,track\n1,2\n", 'line 1: an object with the list "playlists" is needed'),
    "a list": (b"[1, 2]", 'line 1: an object with the list "playlists" is needed'),
    "no playlists": (b'{"info": {}}', 'no list "playlists"'),
    "another thing": (b'{"playlists": 5}', '"playlists" must be a list'),
    "empty list": (b'{"playlists": []}', "no playlists in the list"),
    "cut in a playlist": (GOOD_TEXT[:9000].encode(), "in playlist 3; the file is cut off"),
    "cut between": (
        GOOD_TEXT[: GOOD_TEXT.index('"pid": 2') - 30].rsplit("}", 1)[0].encode() + b"}",
        "in playlist 2",
    ),
    "cut at the end": (GOOD_TEXT[:-2].encode(), "the file ends here, a comma is needed"),
    "nan": (
        GOOD_TEXT.replace('"num_tracks": 12', '"num_tracks": NaN').encode(),
        "line 8: NaN is no JSON in playlist 1",
    ),
    "infinity": (
        GOOD_TEXT.replace('"duration_ms": 200000', '"duration_ms": -Infinity', 1).encode(),
        "-Infinity is no JSON in playlist 1",
    ),
    "latin-1": (GOOD_TEXT.replace("u00e9", "").encode() + b"\xe9", "not utf-8, got b'\\xe9'"),
    "more text": (GOOD_TEXT.encode() + b"{}", "more text after the end of the JSON"),
    "comma at the end": (
        b'{"playlists": [%b,]}' % json.dumps(GOOD[0]).encode(),
        "nothing behind the comma",
    ),
    "comma behind all": (b'{"a": 5, "playlists": [],}', "nothing behind the comma"),
    "no colon": (b'{"info" 5}', "line 1: a colon is needed"),
    "no name": (b'{"info": 5, 6: 7}', "a name in quotes is needed"),
    "too deep": (b'{"playlists": [' + b"[" * 10**5, "nested too deeply in playlist 1"),
    "long number": (b'{"playlists": [' + b"9" * 5000 + b"]}", "no JSON: Exceeds the limit"),
}


@pytest.mark.parametrize("case", BAD_FILES)
@pytest.mark.parametrize("chunk", [2**20, 37])
def test_a_bad_file_is_told_in_one_line(
    case: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, expected = BAD_FILES[case]
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    (tmp_path / "mpd.slice.0-3.json").write_bytes(content)
    text = message(tmp_path, tmp_path)
    assert expected in text
    assert "mpd.slice.0-3.json" in text


def test_an_item_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "LONGEST", 100)
    monkeypatch.setattr(json_stream, "CHUNK", 64)
    (tmp_path / "x.json").write_text('{"playlists": ["' + "a" * 1000)
    with pytest.raises(DataFormatError, match=r"no JSON in 100 characters: Unterminated string"):
        list(JsonStream(tmp_path / "x.json", "playlists", "playlist"))


def test_a_damaged_gzip_file_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(GOOD_TEXT.encode())
    (tmp_path / "mpd.slice.0-3.json.gz").write_bytes(packed[: len(packed) // 2])
    assert "damaged gzip file" in message(tmp_path, tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="cannot be read: Is a directory"):
        list(JsonStream(tmp_path, "playlists", "playlist"))


def test_a_pid_in_two_slices_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "mpd.slice.0-3.json", GOOD)
    write(tmp_path / "mpd.slice.4-7.json", [playlist(3, range(9))])
    expected = "mpd.slice.4-7.json: playlist of pid 3 is in mpd.slice.0-3.json too"
    assert expected in message(tmp_path, tmp_path)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_fault_of_one_slice_is_told_whoever_read_it(workers: int, tmp_path: Path) -> None:
    write_slices(tmp_path)
    (tmp_path / "mpd.slice.6-11.json").write_text('{"playlists": [')
    text = message(tmp_path, tmp_path, workers=workers)
    assert "mpd.slice.6-11.json, line 1: the file ends here" in text


BAD_CHALLENGES = {
    "samples": (asked(10, [1, 2], 3, num_samples=3), '"num_samples" is 3, but 2 tracks are listed'),
    "sum": (asked(10, [1, 2], 3, num_tracks=4), '"num_tracks" is 4, not 2 seeds + 3 held out'),
    "name": (asked(10, [1, 2], 3, name=5), 'no text "name", got 5'),
}


@pytest.mark.parametrize("case", BAD_CHALLENGES)
def test_a_bad_playlist_of_the_challenge_is_told(case: str, tmp_path: Path) -> None:
    bad, expected = BAD_CHALLENGES[case]
    write_slices(tmp_path)
    write(tmp_path / "challenge_set.json", [bad])
    write(tmp_path / "challenge_truth.json", [playlist(10, [3, 4, 5])])
    text = message(tmp_path, tmp_path)
    assert "challenge_set.json, line " in text and f"playlist 1 (pid 10): {expected}" in text


def test_a_truth_of_other_playlists_is_refused(tmp_path: Path) -> None:
    write_slices(tmp_path)
    write(tmp_path / "challenge_set.json", [asked(90, [1, 2], 1)])
    write(tmp_path / "challenge_truth.json", [playlist(91, [3])])
    with pytest.raises(ConfigError, match="the truth is of no playlist of the challenge"):
        ready(tmp_path, tmp_path / "cache")


def test_missing_files_say_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"not found: the folder itself; mpd\.slice"):
        dataset(tmp_path / "nowhere", tmp_path).prepare_data()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetNotFoundError, match=r"not found: mpd.slice.\*.json; mpd.slice"):
        dataset(tmp_path / "empty", tmp_path).prepare_data()
    write_slices(tmp_path / "mpd")
    with pytest.raises(DatasetNotFoundError, match=r"challenge_set.json; its truth is secret"):
        ready(tmp_path / "mpd", tmp_path / "cache", split="challenge")


BAD_TABLES = {
    "no playlist_id": ("track_id\n1\n2\n", "spotify_songs.csv, line 1: no column playlist_id"),
    "empty": ("", "no rows below the header"),
    "no id": ("playlist_id,track_id\np,1\n,2\n", "line 3: a row without playlist_id"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_of_playlists_is_told(case: str, tmp_path: Path) -> None:
    content, expected = BAD_TABLES[case]
    (tmp_path / "spotify_songs.csv").write_text(content)
    assert expected in message(tmp_path, tmp_path)


def test_a_table_has_no_challenge(tmp_path: Path) -> None:
    (tmp_path / "spotify_songs.csv").write_text("playlist_id,track_id\np,1\n")
    with pytest.raises(ConfigError, match=r"split=challenge: .* has a table of playlists and no c"):
        dataset(tmp_path, tmp_path, split="challenge").prepare_data()


def test_a_bad_feature_table_is_told(tmp_path: Path) -> None:
    write_features(write_slices(tmp_path))
    path = tmp_path / "track_features.csv"
    path.write_text(path.read_text().replace("t003,0.06", "t003,nan"))
    expected = "track_features.csv, line 5, column danceability: a number from 0 to 1 is needed"
    assert expected in message(tmp_path, tmp_path)
    path.write_text("id,name\n1,2\n")
    assert "track_features.csv: no column of danceability, energy" in message(tmp_path, tmp_path)
    with pytest.raises(DatasetNotFoundError, match=r"not found: nowhere\.csv"):
        ready(tmp_path, tmp_path / "cache", feature_table=str(tmp_path / "nowhere.csv"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"split": "half"}, "dataset.split=half: choose one of auto, challenge, holdout"),
        ({"workers": 0}, "dataset.workers=0: at least 1 process"),
        ({"seeds": ["second_1"]}, "dataset.seeds: no seeds are called 'second_1'; name them as in"),
        ({"seeds": ["first_0"]}, "no seeds are called 'first_0'"),
        ({"seeds": []}, "at least one kind of seeds and a share between 0 and 1 are needed"),
        ({"test_share": 1.0}, "at least one kind of seeds and a share between 0 and 1 are needed"),
        ({"seeds": ["first_100"]}, "no playlist has 5 tracks beyond its seeds"),
    ],
    ids=str,
)
def test_an_option_that_cannot_be_is_refused(options: dict, expected: str, tmp_path: Path) -> None:
    write_slices(tmp_path)
    with pytest.raises(ConfigError, match=expected):
        ready(tmp_path, tmp_path / "cache", **options)


@pytest.mark.parametrize(
    "sizes", [{"world_artists": 10}, {"world_playlists": 0}, {"world_challenge": 9}], ids=str
)
def test_a_world_too_small_is_refused(sizes: dict, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such world can be simulated"):
        ready(None, tmp_path / "cache", **sizes)
