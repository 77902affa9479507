"""One vocabulary of headings for every table."""

from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.columns import HEADINGS, find_columns, headings, require_columns
from muso_exp.formats.listening.msd import ReadOptions
from muso_exp.formats.listening.song_matching import read_songs
from muso_exp.formats.listening.sources import SOURCES
from muso_exp.formats.seeds import read_seeds
from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.formats.sound.split_lists import read_artist_list
from muso_exp.formats.track_tables import read_rows


@pytest.mark.parametrize("of_tracks", [True, False])
def test_a_heading_has_one_role(of_tracks: bool) -> None:
    for one, other in combinations(HEADINGS, 2):
        both = set(headings(one, of_tracks)) & set(headings(other, of_tracks))
        assert not both, f"{one}, {other}"


@pytest.mark.parametrize("heading", ["artist_name", "Artist Name", "ARTIST-NAME", "artist.name"])
def test_case_blanks_and_signs_of_a_heading_do_not_matter(heading: str) -> None:
    assert find_columns(["x", heading], ["artist"]) == {"artist": 1}


def test_the_most_specific_heading_counts_wherever_it_stands() -> None:
    header = ["track", "artist_id", "title", "artist", "title"]  # `track` may be the track number
    assert find_columns(header, ["artist", "track", "plays"]) == {"artist": 3, "track": 2}


def test_a_bare_id_is_that_of_the_track_only_where_a_row_is_a_track() -> None:
    assert find_columns(["id", "name"], ["track_id", "track"]) == {"track_id": 0, "track": 1}
    assert find_columns(["id", "name"], ["track_id", "track"], of_tracks=False) == {}


def test_artist_ids_stand_for_artists_only_where_a_row_is_a_play() -> None:
    assert find_columns(["user", "artist_id"], ["artist"], of_tracks=False) == {"artist": 1}
    assert find_columns(["id", "artist_id"], ["artist"]) == {}


def test_columns_that_another_one_is_preferred_to_keep_their_headings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,track_id,song,Tempo,artist_id,id\n7,t,x.wav,120,q,8\n")
    (row,) = read_rows(tmp_path / "a.csv").to_dict("records")
    assert row == {
        **{"id": "t", "song": "x.wav", "tempo": "120", "artist_id": "q"},
        **{"title": "", "artist": "", "line": 2},
    }


def test_a_column_that_is_needed_is_named_with_the_headings_it_may_have(tmp_path: Path) -> None:
    message = r"a\.csv, line 1: no column of plays \(plays, .*listened\) among: id, n; name it so"
    with pytest.raises(DataFormatError, match=message):
        require_columns(tmp_path / "a.csv", ["track_id", "plays"], ["id", "n"])


@pytest.mark.parametrize(
    ("track", "artist", "title"),
    [
        ("track_id", "artist", "track_name"),
        ("Track URI", "Artist Name(s)", "Title"),
        ("spotify_id", "track_artist", "song title"),
        ("SONG_ID", "primary artist", "Track"),
    ],
)
def test_every_reader_knows_every_heading(
    track: str, artist: str, title: str, tmp_path: Path
) -> None:
    rows = [("t1", "NA", "One"), ("t2", "null", "Two")]
    table = pd.DataFrame(rows, columns=[track, artist, title])
    path = tmp_path / "tracks.csv"
    table.to_csv(path, index=False)
    for read in (read_songs, read_rows, lambda path: read_seeds(path).rows):
        assert read(path)[["id", "artist", "title"]].to_numpy().tolist() == [*map(list, rows)]
    assert read_artist_list(path) == {"t1": "NA", "t2": "null"}
    for folder, more in (("sound", {"path": ["1.wav", "2.wav"]}), ("plays", {"user": ["a", "b"]})):
        (tmp_path / folder).mkdir()
        name = "manifest.csv" if folder == "sound" else "plays.csv"
        table.assign(**more).to_csv(tmp_path / folder / name, index=False)
    tracks = read_tracks(tmp_path / "sound", "manifest")
    assert tracks[["track_id", "artist", "title"]].to_numpy().tolist() == [*map(list, rows)]
    source = SOURCES["table"]
    data = source.read(source.find(tmp_path / "plays"), ReadOptions(tmp_path / "cache"))
    assert data.items[["id", "artist", "title"]].to_numpy().tolist() == [*map(list, rows)]
