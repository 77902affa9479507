"""Pages: whatever a name holds, it is text."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from muso_exp.evaluation import card as paper
from muso_exp.evaluation import scores as scoring
from muso_exp.evaluation.card import Card
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.index import write_index
from muso_exp.evaluation.rendering import because, link_to
from muso_exp.evaluation.report import add_finding, picture, write_report
from muso_exp.evaluation.tables import write_comparison
from muso_exp.evaluation.terminal_card import card_tables, short_card
from muso_exp.records import Finding, Section
from muso_exp.terminal import console

NAME = "=<script>alert(1)</script> [/] [live] a|b `c` ```\n# \x1b[31m $x"
SHOWN = NAME.replace("\x1b", r"\x1b")
ROW = {
    "metric": "auc",
    "reported": 0.5,
    "measured": 0.25,
    "interval": (0.2, 0.3),
    "null_value": 0.1,
    "best_null": NAME,
}
CLAIM = ROW | {
    "of": NAME,
    "source": NAME,
    "condition": NAME,
    "verdict": paper.NOT_REPRODUCED,
    "reason": NAME,
    "reported_vs_null": None,
}
VERSUS = ROW | {"difference": 0.15, "difference_interval": (0.1, 0.2)}
VERSUS |= {"verdict": scoring.NO_BETTER, "because_of": [NAME], "could_show": 0.05}
RECORD = {
    "experiment": NAME,
    "variant": NAME,
    "overrides": [NAME, NAME],
    "data": {"name": NAME, "simulated": True, "published": False, "fingerprint": NAME},
    "scale": NAME,
    "seed": 0,
    "n": {NAME: 3},
    "metrics": {"auc": 0.25},
    "nulls": {NAME: {"auc": 0.1}},
    "claims": [CLAIM],
    "versus": [VERSUS],
    "audit": [{"level": "warning", "text": NAME}],
}


@pytest.fixture
def report(tmp_path: Path, drawn: None) -> Path:
    table = pd.DataFrame({NAME: [NAME, None], "n": [1, 2.5]})
    card, audit = Card(NAME, [CLAIM], [VERSUS]), [Finding("x", 1.0, NAME, "warning")]
    sections = [Section("x", NAME, NAME, table)]
    write_report(tmp_path, RECORD, card, audit, sections, f"root: {NAME}\n")
    return tmp_path


def test_a_report_holds_names_as_text(report: Path) -> None:
    page = (report / "report.html").read_text()
    assert "<script" not in page and "\x1b" not in page
    assert page.count("&lt;script&gt;") >= 15
    assert r"\x1b[31m" in page


def test_a_markdown_report_holds_names_as_text(report: Path) -> None:
    page = (report / "report.md").read_text()
    body, fence, config = page.partition("\n````yaml\n")
    assert fence and config == f"root: {SHOWN}\n````"  # one ` more than in the configuration
    assert "<script" not in body and "\x1b" not in body and "[live]" not in body
    assert body.count(r"\[live\] a\|b \`c\` \`\`\` # \\x1b\[31m \$x") >= 15
    assert "| [0.200, 0.300] |" in body  # numbers stay as they are


def test_a_card_is_printed_as_text(capsys: pytest.CaptureFixture) -> None:
    console().print(card_tables(RECORD))
    out = capsys.readouterr().out
    assert "\x1b" not in out and out.count("[live]") >= 5 and paper.NOT_REPRODUCED in out


def test_the_short_card_is_at_most_fifteen_lines_of_text(capsys: pytest.CaptureFixture) -> None:
    console().print(short_card(RECORD))
    out = capsys.readouterr().out
    assert "\x1b" not in out and out.count("[live]") >= 3 and "Reproduction: 0 of 1" in out
    assert len(out.splitlines()) <= 13  # the report and the run folder follow


def test_a_report_leads_with_its_answer_and_explains_its_metrics(report: Path) -> None:
    page = (report / "report.html").read_text()
    for mark in ('class="answer"', 'id="card"', 'id="versus"', 'id="audit"', 'id="glossary"'):
        assert mark in page
    assert page.index('class="answer"') < page.index("<img") < page.index('id="card"')
    assert "P(a held-out item ranks above another candidate)" in page
    assert "is the reported value more than nothing?" in page
    assert (report / "figures" / "answer.png").is_file()


def test_long_tables_are_folded(tmp_path: Path) -> None:
    sections = [Section("long", "long", "", pd.DataFrame({"n": range(13)}))]
    write_report(tmp_path, RECORD, Card(NAME, [CLAIM], [VERSUS]), [], sections, "a: 1\n")
    assert "<details><summary>13 rows</summary>" in (tmp_path / "report.html").read_text()


def test_a_figure_is_shown_at_half_its_pixels(report: Path) -> None:
    data = (report / "figures" / "answer.png").read_bytes()
    width = int.from_bytes(data[16:20], "big")
    assert f'width="{width * 96 // 200}"' in picture(report / "figures" / "answer.png", "x")


def test_a_table_holds_names_as_text(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    row = {
        "metric": "auc", "variant": NAME, "data": NAME, "seed": 0, "reported": 0.5, "holds": NAME,
        "measured": 0.25, "low": 0.2, "high": 0.3, "difference": None, "difference_low": None,
        "difference_high": None, "best_null": 0.1, "verdict": NAME, "fit_seconds": 1.0,
        "because_of": NAME, "could_show": None, "not_paired": NAME, "versus_first": None,
        "versus_first_low": None, "versus_first_high": None,
        "run": str(tmp_path / "javascript:alert(1)"),
    }  # fmt: skip
    pooled = pd.DataFrame([row | {"over": NAME, "best_null": NAME, "null_value": 0.1}])
    findings = [Finding("settings_tried", 2, NAME)]
    table = pd.DataFrame([row, row | {"seed": 1}])
    write_comparison(tmp_path, NAME, NAME, table, pooled, findings)
    page = (tmp_path / "table.html").read_text()
    assert "<script" not in page and "\x1b" not in page and page.count("&lt;script&gt;") >= 8
    assert 'href="javascript%3Aalert%281%29/report.html"' in page
    out = capsys.readouterr().out
    assert "\x1b" not in out and "[live]" in out
    with (tmp_path / "table.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["variant"] == f"'{NAME}"


def test_the_page_of_all_runs_holds_names_as_text(tmp_path: Path) -> None:
    folder = tmp_path / "<img onerror=x>?#%"
    folder.mkdir()
    write_index(tmp_path / "index.html", [Finished(folder, RECORD, pd.DataFrame())])
    page = (tmp_path / "index.html").read_text()
    assert "<script" not in page and "<img" not in page and "\x1b" not in page
    assert 'href="%3Cimg%20onerror%3Dx%3E%3F%23%25/report.html"' in page


def test_a_link_to_a_file_whose_name_is_not_utf_8_holds_its_bytes(tmp_path: Path) -> None:
    assert link_to(tmp_path / "\udcff" / "a.html", tmp_path) == "%FF/a.html"


def test_beside_no_better_stands_what_could_have_shown(report: Path) -> None:
    assert "a difference above 0.05 would show" in (report / "report.html").read_text()
    assert "a difference above 0.05 would show" in (report / "report.md").read_text()
    found = because(scoring.NO_BETTER, ["a", "b"], 0.034)
    assert found == "(a, b; a difference above 0.034 would show)"
    assert because(scoring.WORSE, "a", None) == "(a)"
    assert because(scoring.WORSE, "a, b, c, d, e", None) == "(a, b, c and 2 more)"
    assert because(scoring.BETTER, [], float("nan")) == ""


def test_a_report_says_what_its_intervals_hold(report: Path) -> None:
    for name in ("report.html", "report.md"):
        assert "holds the choice of test units alone" in (report / name).read_text()


def test_a_fold_points_to_the_table(tmp_path: Path) -> None:
    record = RECORD | {"table": "../table.html", "fold": True}
    write_report(tmp_path, record, Card(NAME, [CLAIM], [VERSUS]), [], [], "a: 1\n")
    page = (tmp_path / "report.html").read_text()
    assert '<a href="../table.html">one fold: the verdict over all folds stands in' in page
    assert "one fold: the verdict over all folds" in (tmp_path / "report.md").read_text()


def test_a_finding_is_added_to_a_finished_run(report: Path) -> None:
    (report / "metrics.json").write_text(json.dumps(RECORD))
    add_finding(report, Finding("settings_tried", 3, f"chosen {NAME}"))
    assert json.loads((report / "metrics.json").read_text())["audit"][0]["value"] == 3
    page = (report / "report.html").read_text()
    assert page.index("chosen =&lt;script") > page.index("<h2>Audit</h2>") and "<script" not in page
    assert "- note: chosen " in (report / "report.md").read_text()
