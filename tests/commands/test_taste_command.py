"""`taste` as a user calls it."""

from collections.abc import Callable
from pathlib import Path

import pytest

LOG = "artist,track,uts\nBand,One,1500000000\nBand,Two,1500090000\n"


def test_a_history_becomes_a_page_and_its_tables(tmp_path: Path, call: Callable) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    out = tmp_path / "out"
    status, shown, _ = call("taste", str(tmp_path / "log.csv"), "--out", str(out))
    assert status == 0 and shown.splitlines()[-1] == str(out / "taste.html")
    assert "2 plays of 2 songs read" in shown
    assert {path.name for path in out.iterdir()} == {"taste.html", "artists.csv", "songs.csv"}


@pytest.mark.parametrize(
    ("content", "options", "status", "message"),
    [
        ("hello\n", [], 1, "no listening history; known are: Spotify account data"),
        ("artist,track,uts,ms_played\nA,B,1500000000,9\n", [], 1, "no play is left of it: 1 plays"),
        (LOG, ["--timezone", "Mars/Base"], 2, "timezone=Mars/Base: no such time zone"),
    ],
)
def test_what_is_no_history_is_told_in_a_line_and_leaves_nothing(
    content: str, options: list[str], status: int, message: str, tmp_path: Path, call: Callable
) -> None:
    (tmp_path / "x.csv").write_text(content)
    out = tmp_path / "out"
    code, _, said = call("taste", str(tmp_path / "x.csv"), "--out", str(out), *options)
    assert code == status and message in said and said.count("\n") == 1
    assert not out.exists()


def test_a_missing_file_is_told(tmp_path: Path, call: Callable) -> None:
    code, _, said = call("taste", str(tmp_path / "gone.zip"))
    assert code == 1 and "not found: gone.zip" in said
