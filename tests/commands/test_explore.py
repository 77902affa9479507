"""`explore` as a user calls it: a page and a summary of any data set, before any model."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

FEATURES = ("danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness")
FURTHER = ("instrumentalness", "liveness", "tempo", "duration_ms", "time_signature", "valence")


def write_list(path: Path, first: int, n: int = 30) -> None:
    """A list of tracks with audio features."""
    rows = pd.DataFrame({"id": [f"t{first + row}" for row in range(n)]})
    rows["artist"] = [f"<script>alert(1)</script> {row // 3}" for row in range(n)]
    rows["title"] = [f"$x_{row}$ [bold] of {first} 🔥" for row in range(n)]
    for place, name in enumerate((*FEATURES, *FURTHER)):
        rows[name] = [(row * (place + 2) + first) % 11 / 11 for row in range(n)]
    for name, unit in (("key", 11), ("mode", 1), ("time_signature", 4), ("duration_ms", 9e4)):
        rows[name] = (rows[name] * unit).round().astype(int)
    rows["duration_ms"] += 100_000
    rows["loudness"] -= 12
    rows["tempo"] += 90
    rows.to_csv(path, index=False)


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    root = tmp_path / "lists"
    root.mkdir()
    write_list(root / "one.csv", 0)
    write_list(root / "two.csv", 100)
    return root


def test_a_data_set_becomes_a_page_and_a_summary(
    lists: Path, tmp_path: Path, call: Callable
) -> None:
    page = tmp_path / "new" / "page.html"
    status, out, err = call("explore", "playlists", f"dataset.root={lists}", "--out", str(page))
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == str(page)
    assert "The data of playlists" in out and "Columns and missing values" in out
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]
    text = page.read_text()
    assert f"files under {lists}" in text
    assert "<script" not in text and "&lt;script&gt;alert(1)" in text
    assert "$ [bold] of 0 " in text and "$ [bold] of 100 " in text  # whichever rows are drawn
    assert "http://" not in text.replace("http://www.w3.org", "")  # nothing is fetched


def test_rows_that_cannot_be_used_are_counted_not_refused(
    lists: Path, tmp_path: Path, call: Callable
) -> None:
    table = pd.read_csv(lists / "one.csv", dtype=str)
    table.loc[4, "energy"] = ""
    table.to_csv(lists / "one.csv", index=False)
    given = ["playlists", f"dataset.root={lists}", "--out", str(tmp_path / "page.html")]
    status, out, _ = call("explore", *given)
    assert status == 0 and "warning: 1 row of the files left out" in out
    status, _, err = call("explore", *given, "dataset.bad_rows=refuse")
    assert status != 0 and "energy" in err and "Traceback" not in err


def test_without_files_it_is_of_the_simulated_world(tmp_path: Path, call: Callable) -> None:
    given = ["+experiment=song_clusters", "scale=smoke", "--out", str(tmp_path / "page.html")]
    status, out, _ = call("explore", "track_features", *given)
    assert status == 0 and "track features" not in out.splitlines()[-1]
    assert "the simulated world, fingerprint" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["playlist"], "no data set 'playlist'; did you mean playlists"),
        (["zzz"], "no data set 'zzz'; did you mean audio_factors, audio_genres"),
        (["wmf"], "'wmf' is an experiment; did you mean"),
        (["playlists", "model.lr=1"], "model.lr=1: explore reads a data set; its options are"),
        (["playlists", "somewhere"], "somewhere: explore reads a data set; its options are"),
        (["playlists", "dataset=plays"], "dataset=plays: explore reads a data set; its options"),
        (["playlists", "dataset.seed=1,2"], "dataset.seed=1,2"),
        (["playlists", "dataset.rot=x"], "rot"),
        (["playlists", "dataset.scaling=most"], "one of none, global, row"),
        (["playlists", "+experiment=wmff"], "wmff"),
        (["playlists", "dataset.root={tmp}/no"], "{tmp}/no: not found"),
        (["plays", "dataset.source=hetrec", "dataset.root={tmp}"], "{tmp}: not found: "),
        (
            ["playlists", "--out", "log.csv"],
            "--out log.csv: a page is written; a name that ends in",
        ),
        (["playlists", "--out", "/proc/x/y.html"], "--out /proc/x/y.html: cannot be written"),
    ],
)
def test_what_cannot_be_explored_is_said_in_a_line(
    args: list[str], message: str, tmp_path: Path, call: Callable
) -> None:
    status, _, err = call("explore", *(arg.format(tmp=tmp_path) for arg in args))
    assert status != 0
    assert message.format(tmp=tmp_path) in err
    assert len(err.strip().splitlines()) == 1 and "Traceback" not in err
