"""`report` over a folder that is not there, and to a name that is no page's."""

from pathlib import Path


def test_a_report_over_nothing_leaves_nothing(call: callable, tmp_path: Path) -> None:
    status, _, err = call("report", tmp_path / "no")
    assert status == 2 and "no finished run here" in err and not (tmp_path / "no").exists()
    own = tmp_path / "songs.csv"
    own.write_text("artist,track\n")
    status, _, err = call("report", tmp_path, "--out", own)
    assert status == 2 and "songs.csv: a page is written; a name that ends in .html" in err
    assert own.read_text() == "artist,track\n"
