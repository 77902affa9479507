"""The table of the five documents is that of the YAML, and names only what is there."""

import re
from pathlib import Path

import pytest
from conftest import REPOSITORY

from muso_exp.experiment.documents import (
    NO_NUMBER,
    as_markdown,
    document_rows,
    experiment_tree,
    measured_comment,
    printed_numbers,
)
from muso_exp.experiment.listing import commands, experiments, variants

PAGE = REPOSITORY / "docs" / "documents.md"


def test_the_page_in_the_docs_is_that_of_the_yaml() -> None:
    again = "python -m muso_exp documents --out docs/documents.md"
    assert PAGE.read_text(encoding="utf-8") == as_markdown(document_rows()), f"run {again}"


@pytest.mark.parametrize("name", list(experiments()))
def test_every_experiment_is_a_row_of_a_document(name: str) -> None:
    own = [row for row in document_rows() if row.command == f"+experiment={name}"]
    assert own and {row.document for row in own} <= {1, 2, 3, 4, 5}


def test_rows_name_experiments_variants_and_commands_that_are_there() -> None:
    for row in document_rows():
        for command in row.command.split("; "):
            first, *others = command.split(" ")
            if first.startswith("+experiment="):
                name = first.removeprefix("+experiment=")
                assert name in experiments(), command
                for other in others:
                    if other.startswith("variant="):
                        assert other.removeprefix("variant=") in variants()[name], command
            else:
                assert first in {*commands(), "make"}, command


def test_every_row_says_where_it_stands_and_what_there_is() -> None:
    for row in document_rows():
        assert row.what and row.command and row.printed and row.state, row
    assert {row.document for row in document_rows()} == {1, 2, 3, 4, 5}


def test_sections_that_a_row_names_are_those_of_a_report() -> None:
    files = [*(REPOSITORY / "muso_exp").rglob("*.py")]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    named = {title for row in document_rows() for title in re.findall('"(.+?)"', row.state)}
    assert len(named) >= 5
    assert [title for title in named if f'"{title}"' not in source] == []


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "experiment" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text("paper: {documents: [], claims: []}\nvariant: null\n")
    claims = "[{source: a, metric: auc, reported: 0.5}, {source: b, metric: f1, of: random}]"
    write(tmp_path, "base", f"paper: {{documents: [3], claims: {claims}}}\n")
    table = """
defaults: [base, _self_, override /model: x]
variants: {one: {reported: 0.8766}, two: {reported: null}}
hydra: {sweeper: {params: {variant: "one,two"}}}
paper: {claims: [{source: c, metric: tag_roc_auc, reported: "${variants.${variant}.reported}"}]}
"""
    write(tmp_path, "table", table)
    return tmp_path / "experiment"


def test_an_experiment_has_what_it_builds_on(conf: Path) -> None:
    tree = experiment_tree(conf / "table.yaml")
    assert tree.paper.documents == [3]
    assert [claim.source for claim in tree.paper.claims] == ["c"]


def test_numbers_of_a_table_have_the_name_of_their_row(conf: Path) -> None:
    assert printed_numbers(experiment_tree(conf / "base.yaml")) == "auc 0.5"
    assert printed_numbers(experiment_tree(conf / "table.yaml")) == "one: tag_roc_auc 0.8766"
    nothing = write(conf.parent, "none", "paper: {claims: [{source: c, metric: f1}]}\n")
    assert printed_numbers(experiment_tree(nothing)) == NO_NUMBER


def test_the_measured_paragraph_ends_where_the_comment_does() -> None:
    text = "# What\n#\n# Measured on A (desk): .5\n# and .6.\n#\n# More.\nname: x\n"
    assert measured_comment(text) == ("A", "(desk): .5 and .6.")
    assert measured_comment("# What\nname: x\n# Measured on B c: 1\n") == ("B c", "1")
    assert measured_comment("# What\n") == ("", "")


def test_a_cell_is_one_cell_whatever_is_in_it() -> None:
    for line in as_markdown(document_rows()).splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 8, line
