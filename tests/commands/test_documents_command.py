from collections.abc import Callable
from pathlib import Path

from muso_exp.experiment.documents import as_markdown, document_rows


def test_rows_of_one_document_are_listed(call: Callable) -> None:
    status, out, _ = call("documents", "5")
    assert status == 0 and "Document 5" in out and "Document 4" not in out
    assert "+experiment=genre_cnn" in out


def test_the_table_is_written_as_markdown(call: Callable, tmp_path: Path) -> None:
    status, out, _ = call("documents", "--out", str(tmp_path / "new" / "page.md"))
    assert status == 0 and out.splitlines()[-1].endswith("page.md")
    assert (tmp_path / "new" / "page.md").read_text() == as_markdown(document_rows())


def test_what_cannot_be_listed_is_said_in_a_line(call: Callable) -> None:
    status, _, err = call("documents", "6")
    assert status != 0 and "Input should be less than or equal to 5" in err
    assert len(err.splitlines()) == 1
    status, _, err = call("documents", "--out", "/proc/x/y.md")
    assert status != 0 and err.startswith("muso_exp: --out /proc/x/y.md: cannot be written")
