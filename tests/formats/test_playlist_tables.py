"""Tables with a row per playlist and track."""

from pathlib import Path

from muso_exp.formats.playlist_tables import join_parts, read_playlist_table


def test_a_table_of_playlists_keeps_their_order(tmp_path: Path) -> None:
    path = tmp_path / "spotify_songs.csv"
    rows = ["b,x,Z,2", "a,NA,null,3", "b,y,Z,1", "b,x,Z,2"]
    path.write_text("playlist_id,track_id,track_artist,tempo\n" + "\n".join(rows) + "\n")
    data = join_parts([read_playlist_table(path)])
    assert data.pids.tolist() == ["a", "b"]
    assert [data.tracks["id"][data.of(p)].tolist() for p in (0, 1)] == [["NA"], ["x", "y", "x"]]
    assert data.tracks["artist_id"].tolist() == ["null", "Z", "Z"]
