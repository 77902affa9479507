"""The reference pages have every command and every option, and say what each is."""

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from conftest import REPOSITORY
from msgspec import Meta

from muso_exp.experiment.listing import commands, group
from muso_exp.experiment.reference import (
    commands_page,
    comments,
    documented_arguments,
    options_page,
    part_rows,
    type_words,
)
from muso_exp.options import Count, Inert, Options, SomeShare


def test_every_command_is_there_with_its_options() -> None:
    page = commands_page()
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == list(commands())
    assert "| `--allow` |  | folder whose files the pages may read;" in page
    assert "| `--browser / --no-browser` | `--browser` |" in page
    assert "function" not in page and "0x" not in page


def test_every_data_set_and_model_is_there() -> None:
    page = options_page()
    for kind in ("dataset", "model"):
        assert re.findall(rf"^## {kind}=(\w+)$", page, re.MULTILINE) == group(kind)
    assert "| `resamples` | `1000` | bootstrap samples behind every interval |" in page


@pytest.mark.parametrize("kind", ["dataset", "model"])
def test_options_have_types_and_words(kind: str) -> None:
    rows = {
        (name, row[0]): row
        for name in group(kind)
        for row in part_rows(kind, REPOSITORY / "conf" / kind / f"{name}.yaml")
    }
    assert [place for place, row in rows.items() if row[2] == "needed"] == []
    wordless = [place for place, row in rows.items() if not row[3]]
    assert len(wordless) <= 0.05 * len(rows), wordless


def test_a_row_holds_type_default_and_the_comment_of_the_yaml() -> None:
    rows = {row[0]: row for row in part_rows("model", REPOSITORY / "conf/model/hybrid.yaml")}
    share = rows["`model.content_share`"]
    assert share[1:3] == ("float >= 0, &lt;= 1", "`0.5`") and "listening alone" in share[3]
    assert rows["`model.fit.factors.n_factors`"][1:3] == ("int >= 1", "`40`")
    assert "`model.n_items`" not in rows  # from the data set


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Count, "int >= 1"),
        (SomeShare, "float > 0, < 1"),
        (Inert[Count], "int >= 1"),
        (Literal["a", 2], "a, 2"),
        (str | None, "str or null"),
        (list[float], "list of float"),
        (Annotated[int, Meta(ge=2)] | None, "int >= 2 or null"),
    ],
)
def test_annotations_in_words(hint: object, words: str) -> None:
    assert type_words(hint) == words


class Above(Options):
    """Some.

    Args:
        one: first words
            and more.
    """


class Below(Above):
    """Others.

    Attributes:
        two: second.
    """


def test_words_of_a_class_and_those_above_it() -> None:
    assert documented_arguments(Below) == {"one": "first words and more", "two": "second"}


def test_comments_of_nested_keys(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# head\na: 1  # one\nb:  # node\n  c: x#y  # two\nd: 3\n")
    assert comments(tmp_path / "a.yaml") == {"a": "one", "b": "node", "b.c": "two"}
