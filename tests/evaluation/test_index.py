"""The page over all runs: by document, the newest run of each experiment first."""

from pathlib import Path

from made_runs import claim, make

from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.index import (
    by_documents,
    standing_for,
    summary,
    verdict_matrix_of,
    write_index,
)


def of(run: Finished, name: str, documents: list[int]) -> Finished:
    run.record.update(experiment=name, documents=documents, claims=[claim(reported=0.6)])
    return run


def test_experiments_stand_under_their_documents_in_order() -> None:
    newest = {name: {"documents": numbers} for name, numbers in
              {"z": [1], "wmf": [3, 5], "a": [3], "mine": [], "g": [5]}.items()}  # fmt: skip
    found = by_documents(newest)
    assert [heading.split(" ")[0] for heading in found] == ["1", "3", "3", "5", "Beyond"]
    assert [entry["experiment"] for entries in found.values() for entry in entries] == [
        "z", "a", "wmf", "g", "mine",
    ]  # fmt: skip


def test_a_line_holds_the_headline_and_counts_of_verdicts(tmp_path: Path) -> None:
    facts = summary(of(make(tmp_path / "a", 0.5), "e", [1]).record)
    assert facts["first"]["metric"] == "acc" and facts["reported"] == 0.6
    assert facts["claims"] == {"not testable": 1} and facts["versus"] == {"x": 1}


def test_the_page_leads_with_a_line_per_experiment(tmp_path: Path) -> None:
    runs = [of(make(tmp_path / str(n), 0.5, seed=n), "dos", [1]) for n in range(4)]
    write_index(tmp_path / "index.html", runs)
    page = (tmp_path / "index.html").read_text()
    assert page.index("1 MuSo: degree of separation") < page.index("<h2>dos</h2>")
    assert "<details><summary>4 runs</summary>" in page
    assert 'href="3/report.html"' in page


def test_the_matrix_counts_verdicts_by_document() -> None:
    first = {"verdict": "better than null"}
    entries = [{"claims": {"not comparable": 4, "reproduced": 1}, "first": first}]
    entries += [{"claims": {"not comparable": 2}, "first": None}]
    found = verdict_matrix_of({"1 MuSo": entries})["1 MuSo"]
    assert (found["not comparable"], found["reproduced"], found["better than null"]) == (6, 1, 1)
    assert sum(found.values()) == 8 and list(found)[-1] == "describes"


def test_the_page_begins_with_the_matrix(tmp_path: Path) -> None:
    runs = [of(make(tmp_path / "0", 0.5), "dos", [1])]
    write_index(tmp_path / "index.html", runs)
    page = (tmp_path / "index.html").read_text()
    assert (
        page.index('class="matrix stack"')
        < page.index('id="document-1"')
        < page.index("<h2>dos</h2>")
    )
    assert '<a href="#document-1">1 MuSo: degree of separation' in page


def test_a_table_is_led_by_the_row_of_its_document_or_the_first() -> None:
    def row(sweep: str, variant: str, published: str | None = None, table: bool = True) -> dict:
        settings = {"paper.variant": published}
        record = {"variant": variant, "table": "../table.html" if table else None}
        return {"sweep": sweep, "record": record | {"settings": settings}}

    older = row("s", "of_before")
    rows = [row("t", "shuffled"), row("t", "sound"), row("t", "hybrid"), older]
    assert standing_for(rows)["record"]["variant"] == "hybrid"
    published = [row("t", name, published="sound") for name in ("shuffled", "sound", "hybrid")]
    assert standing_for([*published, older])["record"]["variant"] == "sound"
    alone = row("", "sound", table=False)
    assert standing_for([alone, *rows]) is alone
