from pathlib import Path

from muso_exp.app.site import Site, allowed_folders
from muso_exp.app.sounds import players, sound


def test_players_are_of_sound_files_named_by_their_track(tmp_path: Path) -> None:
    (tmp_path / "rock").mkdir()
    for name in ("rock/1.mp3", "2.txt", "3.flac", "a #?&.wav"):
        (tmp_path / name).touch()
    site = Site(tmp_path, allowed_folders([tmp_path]))
    found = players(site, ["1", "2", "4", "a #?&"])
    assert set(found) == {"1", "a #?&"}
    assert found["1"] == f"/sound?path={tmp_path}/rock/1.mp3#t=0,30"
    assert found["a #?&"].endswith("a%20%23%3F%26.wav#t=0,30")


def test_only_sound_below_allowed_folders_is_sent(tmp_path: Path) -> None:
    inside = tmp_path / "music"
    inside.mkdir()
    for path in (inside / "a.wav", inside / "a.txt", tmp_path / "b.wav"):
        path.write_bytes(b"RIFF")
    site = Site(tmp_path, allowed_folders([inside]))
    assert sound(site, "a.wav").status_code == 200
    for path in ("a.txt", str(tmp_path / "b.wav"), "../b.wav", "", "."):
        assert sound(site, path).status_code == 404
