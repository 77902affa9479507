"""`report` over a folder that is not there, and to a name that is no page's."""

from pathlib import Path

import pandas as pd
from made_runs import make_run


def test_a_report_over_nothing_leaves_nothing(call: callable, tmp_path: Path) -> None:
    status, _, err = call("report", tmp_path / "no")
    assert status == 2 and "no finished run here" in err and not (tmp_path / "no").exists()
    own = tmp_path / "songs.csv"
    own.write_text("artist,track\n")
    status, _, err = call("report", tmp_path, "--out", own)
    assert status == 2 and "songs.csv: a page is written; a name that ends in .html" in err
    assert own.read_text() == "artist,track\n"


def test_a_page_of_another_name_has_a_leaderboard_of_that_name(
    call: callable, tmp_path: Path
) -> None:
    make_run(tmp_path / "runs" / "a", 0.5)
    pages = tmp_path / "pages"
    pages.mkdir()
    own = [pages / "leaderboard.html", pages / "leaderboard.csv"]
    for page in own:
        page.write_text("mine")
    status, out, err = call("report", tmp_path / "runs", "--out", pages / "my runs.html")
    assert status == 0, err
    assert out.splitlines()[-1].endswith("my runs.html")
    assert [page.read_text() for page in own] == ["mine", "mine"]
    assert 'href="my%20runs_leaderboard.html"' in (pages / "my runs.html").read_text()
    board = (pages / "my runs_leaderboard.html").read_text()
    assert 'href="my%20runs.html"' in board and 'href="my%20runs_leaderboard.csv"' in board
    assert len(pd.read_csv(pages / "my runs_leaderboard.csv")) == 1
