"""Tables with a row per playlist and track."""

import json
from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.playlist_tables import join_parts, read_playlist_files, read_playlist_table


def test_a_table_of_playlists_keeps_their_order(tmp_path: Path) -> None:
    path = tmp_path / "spotify_songs.csv"
    rows = ["b,x,Z,2", "a,NA,null,3", "b,y,Z,1", "b,x,Z,2"]
    path.write_text("playlist_id,track_id,track_artist,tempo\n" + "\n".join(rows) + "\n")
    data = join_parts([read_playlist_table(path)])
    assert data.pids.tolist() == ["a", "b"]
    assert [data.tracks["id"][data.of(p)].tolist() for p in (0, 1)] == [["NA"], ["x", "y", "x"]]
    assert data.tracks["artist_id"].tolist() == ["null", "Z", "Z"]


def test_a_folder_of_exportify_files_is_a_playlist_a_file(tmp_path: Path) -> None:
    head = "Track URI,Track Name,Artist Name(s)\n"
    (tmp_path / "b side.csv").write_text(head + "spotify:track:2,Two,B\nspotify:track:1,One,A\n")
    (tmp_path / "a.csv").write_text(head + "spotify:track:1,One,A\n,Own,C\n")
    (tmp_path / "notes.md").write_text("nothing")
    data = join_parts([read_playlist_files(tmp_path)])
    assert data.pids.tolist() == ["a", "b side"] == data.names.tolist()
    assert [data.tracks["id"].iloc[data.of(n)].tolist() for n in (0, 1)] == [
        ["1", "C: Own"],
        ["2", "1"],
    ]


def test_playlists_of_the_account_data_keep_their_names_apart(tmp_path: Path) -> None:
    track = {"trackName": "One", "artistName": "A", "trackUri": "spotify:track:1"}
    lists = [{"name": "x", "items": [{"track": track}]}, {"name": "x", "items": [{"track": track}]}]
    (tmp_path / "Playlist1.json").write_text(json.dumps({"playlists": lists}))
    plays = [{"endTime": "2023-10-02 23:43", "artistName": "A", "trackName": "1", "msPlayed": 9e4}]
    (tmp_path / "StreamingHistory0.json").write_text(json.dumps(plays))
    assert join_parts([read_playlist_files(tmp_path)]).names.tolist() == ["x", "x (2)"]
    (tmp_path / "Playlist1.json").unlink()
    with pytest.raises(DataFormatError, match="no listening history"):
        read_playlist_files(tmp_path)
