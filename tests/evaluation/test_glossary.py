"""Metrics and null models in words."""

import re

import pytest
from conftest import REPOSITORY

from muso_exp.errors import ConfigError
from muso_exp.evaluation.glossary import in_words, matching, meaning, metrics, of_record


def test_a_metric_is_explained_by_its_name_or_its_pattern() -> None:
    assert meaning("map_at_500").better == "more"
    assert meaning("clicks").better == "less" and "10" in meaning("clicks").unit
    assert meaning("recall").formula.startswith("true positives")
    assert "of the user" in meaning("recall_at_100").formula
    assert "one genre" in meaning("recall_hip_hop").formula
    assert meaning("no_such_metric") is None


def test_every_row_of_the_glossary_is_whole() -> None:
    assert len(metrics()) > 40
    for row in metrics():
        assert row.better in ("more", "less", "describes") and row.unit and row.formula, row.name


def test_a_null_model_is_named_in_words() -> None:
    assert in_words("best_constant_lt3") == "always guessing one distance"
    assert in_words("of_a_plugin") == "of_a_plugin"


def test_every_null_model_of_the_docs_has_words() -> None:
    rows = (REPOSITORY / "docs" / "nulls.md").read_text(encoding="utf-8").split("\n\n")[2]
    named = re.findall(r"`([\w*]+)`", " ".join(row.split("|")[2] for row in rows.splitlines()))
    assert len(named) > 40
    assert [name for name in named if in_words(name) == name] == ["chance"]


def test_a_metric_of_a_plugin_has_its_direction_alone() -> None:
    (row,) = of_record({"versus": [{"metric": "mine", "higher_is_better": False}]})
    assert (row.name, row.better, row.unit, row.formula) == ("mine", "less", "", "")


def test_a_part_of_a_name_finds_all_that_hold_it() -> None:
    assert set(matching("acc_within")["metrics"]["name"]) == {"acc_within_lt3", "acc_within_le3"}
    assert list(matching("recall")["metrics"]["name"]) == ["recall"]
    assert "null models" in matching(None)


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        ConfigError, match=r"no metric, null model or word of a card 'rock_auc'; did you mean roc_"
    ):
        matching("rock_auc")


@pytest.mark.parametrize("word", ["best null", "measured", "reported", "describes", "p (Holm)"])
def test_words_of_a_card_are_explained(word: str) -> None:
    found = matching(word)["words of a card"]
    assert found["word"].tolist() == [word] and found["meaning"].str.len().gt(20).all()
