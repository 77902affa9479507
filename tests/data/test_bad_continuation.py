"""Bad files of the Million Playlist Dataset: one line each, nothing half-written."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tiny_mpd import (
    dataset,
    message,
    playlist,
    ready,
    track,
    write,
    write_features,
    write_slices,
)

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.formats.mpd.json_bytes import map_json

GOOD = [playlist(p, range(p, p + 12)) for p in range(4)]


def without(name: str, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (GOOD[1] | changes).items() if key != name}


BAD_PLAYLISTS = {
    "repeated pid": (playlist(0, range(9)), "playlist 2 (pid 0): the pid is that of playlist 1 al"),
    "no pid": (without("pid"), "playlist 2: Object missing required field `pid`"),
    "pid of text": (
        GOOD[1] | {"pid": "1"},
        "playlist 2: Expected `int`, got `str` - at `$.pid`; correct it",
    ),
    "pid of true": (GOOD[1] | {"pid": True}, "Expected `int`, got `bool` - at `$.pid`"),
    "negative pid": (GOOD[1] | {"pid": -1}, "(pid -1): Expected `int` >= 0 - at `$.pid`"),
    "huge pid": (GOOD[1] | {"pid": 2**63}, "Expected `int` <= 9223372036854775807 - at `$.pid`"),
    "no tracks": (without("tracks"), "playlist 2 (pid 1): Object missing required field `tracks`"),
    "no name": (without("name"), "playlist 2 (pid 1): Object missing required field `name`"),
    "no count": (without("num_tracks"), "(pid 1): Object missing required field `num_tracks`"),
    "no object": (["x"], "playlist 2: Expected `object`, got `array`"),
    "track no object": (
        GOOD[1] | {"tracks": [None], "num_tracks": 1},
        "(pid 1): Expected `object`, got `null` - at `$.tracks[0]`",
    ),
    "track without artist": (
        GOOD[1] | {"tracks": [track(90) | {"artist_uri": None}], "num_tracks": 1},
        "(pid 1): Expected `str`, got `null` - at `$.tracks[0].artist_uri`",
    ),
    "track of another kind": (
        GOOD[1] | {"tracks": [track(90) | {"track_uri": "spotify:local:x"}], "num_tracks": 1},
        "(pid 1): \"track_uri\" must begin with spotify:track:, got 'spotify:local:x'",
    ),
    "artist of another kind": (
        GOOD[1] | {"tracks": [track(90) | {"artist_uri": "x"}], "num_tracks": 1},
        "(pid 1): \"artist_uri\" must begin with spotify:artist:, got 'x'; correct it or remove",
    ),
    "track without uri": (
        GOOD[1] | {"tracks": [track(90), {"pos": 1}], "num_tracks": 2},
        "(pid 1): Object missing required field `track_uri` - at `$.tracks[1]`",
    ),
}


@pytest.mark.parametrize("case", BAD_PLAYLISTS)
def test_a_bad_playlist_is_reported_with_its_place(case: str, tmp_path: Path) -> None:
    bad, expected = BAD_PLAYLISTS[case]
    path = write(tmp_path / "mpd" / "mpd.slice.0-3.json", [GOOD[0], bad, *GOOD[2:]])
    text = message(path.parent, tmp_path)
    assert expected in text
    first = path.read_text().index("\n        },\n") + len("\n        },\n")  # ends the first one
    line = path.read_text().count("\n", 0, first) + 1
    assert f"mpd.slice.0-3.json, line {line}: " in text


GOOD_TEXT = json.dumps({"info": {}, "playlists": GOOD}, indent=1)
FIRST_TEXT = json.dumps(GOOD[0])
DEEP = "[" * 10**5
BAD_FILES = {
    "empty": (b"", "empty file; copy it anew"),
    "spaces": (b" \n ", "line 2: Input data was truncated; the file is cut off"),
    "no json": (
        b"pid,track\n1,2\n",
        "line 1: JSON is malformed: invalid character (byte 0), got 'p",
    ),
    "a list": (b"[1, 2]", "Expected `object`, got `array`; it is no file of the Million"),
    "no playlists": (b'{"info": {}}', "Object missing required field `playlists`; it is no file"),
    "another thing": (b'{"playlists": 5}', "Expected `array`, got `int` - at `$.playlists`"),
    "empty list": (b'{"playlists": []}', "no playlists in the list"),
    "cut in a playlist": (
        GOOD_TEXT[:9000].encode(),
        f"line {GOOD_TEXT.count(chr(10), 0, 9000) + 1}: Input data was truncated after playlist 2; "
        "the file is cut off",
    ),
    "cut between": (
        GOOD_TEXT[: GOOD_TEXT.index('"pid": 2') - 30].rsplit("}", 1)[0].encode() + b"}",
        "Input data was truncated after playlist 2",
    ),
    "cut at the end": (GOOD_TEXT[:-2].encode(), "Input data was truncated after playlist 4"),
    "nan": (
        GOOD_TEXT.replace('"num_tracks": 12', '"num_tracks": NaN').encode(),
        "line 8: JSON is malformed: invalid character (byte 111), got 'NaN'; the file is cut off",
    ),
    "infinity": (
        GOOD_TEXT.replace('"duration_ms": 200000', '"duration_ms": -Infinity', 1).encode(),
        "got 'Infinity'",
    ),
    "latin-1": (GOOD_TEXT.replace("u00e9", "").encode() + b"\xe9", "not utf-8, got b'\\xe9'"),
    "latin-1 in what is not read": (
        GOOD_TEXT.replace('"NA"', '"\xe9"').encode("latin-1"),
        "line 6: not utf-8, got b'\\xe9'; save it as UTF-8",
    ),
    "half an emoji in utf-8": (
        b'{"playlists": ["\xed\xa0\xbd"]}',
        "line 1: not utf-8, got b'\\xed'",
    ),
    "more text": (GOOD_TEXT.encode() + b"{}", "trailing characters (byte"),
    "comma at the end": (
        f'{{"playlists": [{FIRST_TEXT},]}}'.encode(),
        "trailing comma in array (byte 2716) after playlist 1, got ']'; the file is cut off",
    ),
    "comma behind all": (b'{"a": 5, "playlists": [],}', "trailing comma in object (byte 25)"),
    "no colon": (b'{"info" 5}', "line 1: JSON is malformed: expected ':' (byte 8), got '5'"),
    "no name": (b'{"info": 5, 6: 7}', "object keys must be strings (byte 12)"),
    "too deep": (f'{{"info": {DEEP}'.encode(), "maximum recursion depth exceeded while deseri"),
    "playlist too deep": (
        f'{{"playlists": [{FIRST_TEXT}, {{"info": {DEEP}'.encode(),
        "maximum recursion depth exceeded while deserializing an object after playlist 1",
    ),
    "no end": (b'{"playlists": [' + b'{"name": "' + b"a" * 1000, "Input data was truncated"),
    "wrong and cut": (
        f'{{"playlists": [{FIRST_TEXT}, 5, {FIRST_TEXT}'.encode(),
        "line 1: Input data was truncated; the file is cut off",
    ),
    "long number": (
        b'{"playlists": [' + b"9" * 5000 + b"]}",
        "playlist 1: Number out of range; correct it",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_reported_in_one_line(case: str, tmp_path: Path) -> None:
    content, expected = BAD_FILES[case]
    (tmp_path / "mpd.slice.0-3.json").write_bytes(content)
    text = message(tmp_path, tmp_path)
    assert expected in text
    assert "mpd.slice.0-3.json" in text


def test_a_damaged_gzip_file_is_reported(tmp_path: Path) -> None:
    packed = gzip.compress(GOOD_TEXT.encode())
    (tmp_path / "mpd.slice.0-3.json.gz").write_bytes(packed[: len(packed) // 2])
    assert "damaged gzip file" in message(tmp_path, tmp_path)


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="a folder, not a file"):
        map_json(tmp_path)


def test_a_pid_in_two_slices_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "mpd.slice.0-3.json", GOOD)
    write(tmp_path / "mpd.slice.4-7.json", [playlist(3, range(9))])
    expected = "mpd.slice.4-7.json: playlist of pid 3 is in mpd.slice.0-3.json too"
    assert expected in message(tmp_path, tmp_path)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_fault_of_one_slice_is_reported_by_any_reader(workers: int, tmp_path: Path) -> None:
    write_slices(tmp_path)
    (tmp_path / "mpd.slice.6-11.json").write_text('{"playlists": [')
    text = message(tmp_path, tmp_path, workers=workers)
    assert "mpd.slice.6-11.json, line 1: Input data was truncated" in text


def test_control_characters_in_names_are_replaced(tmp_path: Path) -> None:
    write_slices(tmp_path)
    write(tmp_path / "mpd.slice.90-90.json", [playlist(90, range(12), name="a\x1bb")])
    assert "a\ufffdb" in ready(tmp_path, tmp_path / "cache").data.names


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
    "empty": ("", "spotify_songs.csv: the file is empty; copy it anew"),
    "no id": ("playlist_id,track_id\np,1\n,2\n", "line 3: a row without playlist_id"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_of_playlists_is_reported(case: str, tmp_path: Path) -> None:
    content, expected = BAD_TABLES[case]
    (tmp_path / "spotify_songs.csv").write_text(content)
    assert expected in message(tmp_path, tmp_path)


def test_a_table_has_no_challenge(tmp_path: Path) -> None:
    (tmp_path / "spotify_songs.csv").write_text("playlist_id,track_id\np,1\n")
    with pytest.raises(ConfigError, match=r"split=challenge: .* has a table of playlists and no c"):
        dataset(tmp_path, tmp_path, split="challenge").prepare_data()


def test_a_bad_feature_table_is_reported(tmp_path: Path) -> None:
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
        ({"split": "half"}, "split.by=half: one of auto, challenge, holdout"),
        ({"workers": 0}, "workers=0: int >= 1 is needed"),
        (
            {"seeds": ["second_1"]},
            "dataset.split.seeds: no seeds are called 'second_1'; name them as in",
        ),
        ({"seeds": ["first_0"]}, "no seeds are called 'first_0'"),
        ({"seeds": []}, "at least one kind of seeds is needed"),
        ({"test_share": 1.0}, "split.test_share=1.0: float < 1 is needed"),
        ({"seeds": ["first_100"]}, "no playlist has 5 tracks beyond its seeds"),
    ],
    ids=str,
)
def test_an_option_that_cannot_be_is_refused(options: dict, expected: str, tmp_path: Path) -> None:
    write_slices(tmp_path)
    with pytest.raises(ConfigError, match=expected):
        ready(tmp_path, tmp_path / "cache", **options)


@pytest.mark.parametrize("sizes", [{"artists": 10}, {"challenge": 9}], ids=str)
def test_a_world_too_small_is_refused(sizes: dict, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such world can be simulated"):
        ready(None, tmp_path / "cache", world=sizes)
