import re
from pathlib import Path

import pytest
from made_runs import make

from muso_exp.commands import tour
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.glossary import in_words
from muso_exp.evaluation.tour_page import Stop, in_a_word, summary, write_tour
from muso_exp.experiment.listing import experiments


def judged(run: Finished, verdict: str) -> Finished:
    run.record["versus"][0]["verdict"] = verdict
    return run


def test_the_tour_asks_one_question_of_each_document() -> None:
    stops = tour.stops()
    assert [stop.document for stop in stops] == [1, 2, 3, 4, 5]
    for stop in stops:
        assert stop.question.endswith("?")
        assert stop.arguments[0].removeprefix("+experiment=") in experiments()


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        ("better than null", "yes"),
        ("worse than null", "no"),
        ("no better than null", "not shown"),
        ("describes", "described"),
    ],
)
def test_the_answer_is_that_of_the_card(verdict: str, word: str, tmp_path: Path) -> None:
    run = judged(make(tmp_path / "a", 0.5), verdict)
    assert in_a_word(run.record) == word
    stop = Stop(2, "Is it so?", ())
    assert stop.answer(run.record).plain.startswith(f"2  Is it so?\n   {word.capitalize()}. ")
    assert f"{int(word == 'yes')} of 1 small models" in summary({stop: run})


def test_the_answer_names_the_documents_and_the_rules(tmp_path: Path) -> None:
    runs = [make(tmp_path / name, 0.5) for name in "abcd"]
    for run, verdict in zip(runs, ["better", "worse", "worse", "better"], strict=True):
        judged(run, f"{verdict} than null")
        run.record["versus"][0] |= {"best_null": "popularity", "because_of": []}
    asked = {Stop(number, "?", ()): run for number, run in enumerate(runs, start=1)}
    said = summary(asked)
    assert "2 of 4 small models beat every simple rule (documents 1 and 4)" in said
    assert f"as good, or better, is {in_words('popularity')} (documents 2 and 3)." in said


def test_the_page_shows_names_as_text_and_links_to_the_reports(tmp_path: Path) -> None:
    run = judged(make(tmp_path / "run", 0.5), "better than null")
    run.record["versus"][0]["best_null"] = "<script>alert(1)</script>"
    (tmp_path / "tour").mkdir()
    write_tour(tmp_path / "tour" / "index.html", {Stop(1, "<b>?", ("+experiment=e",)): run})
    page = (tmp_path / "tour" / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<b>" not in page
    assert "&lt;b&gt;?" in page and 'href="../run/report.html"' in page
    assert page.count("data:image/png") == 1


def one_stop(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(tour, "stops", lambda: [Stop(2, "Whose is it?", arguments)])


def test_a_tour_runs_its_experiments_and_finds_them_again(
    call: callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one_stop(monkeypatch, "+experiment=playlist_membership", "scale=smoke", "logger=none")
    for _ in range(2):
        status, out, _ = call("tour")
        assert status == 0
        assert "2  Whose is it?" in out and re.search(r"[01] of 1 small models", out)
        assert Path(out.splitlines()[-1]).is_file()
    runs = list((tmp_path / "outputs" / "playlist_membership").glob("*/metrics.json"))
    assert len(runs) == 1


def test_an_experiment_that_fails_ends_the_tour_in_one_line(
    call: callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one_stop(monkeypatch, "+experiment=no_such")  # refused at once
    status, out, error = call("tour")
    assert status != 0 and out == ""
    assert error.count("\n") == 1 and "+experiment=no_such failed: " in error and "2.log" in error
    assert not (tmp_path / "outputs" / "tour" / "index.html").exists()
