"""The task of tags: items with vectors, and the factors of a recommender."""

from pathlib import Path

import numpy as np
import pytest
import torch
from test_plays import factor_tags, plays

from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.item_knn import ItemKNN
from muso_exp.models.wmf import WMF
from muso_exp.tasks.base import Answer, NotAnsweredError
from muso_exp.tasks.tagging.probe import tag_rows
from muso_exp.tasks.tagging.sections import tag_areas_section


def test_a_tag_of_few_items_has_a_wide_interval() -> None:
    target = torch.zeros(200, 2)
    target[::2, 0] = 1
    target[:4, 1] = 1
    scores = target + torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    shown = tag_areas_section(scores, target, ["many", "few"], np.arange(200), Bootstrap(500)).table
    wide = dict(zip(shown["tag"], shown["high"] - shown["low"], strict=True))
    assert wide["few"] > 1.5 * wide["many"] > 0
    assert shown["roc_auc"].between(shown["low"], shown["high"]).all()


def test_the_tag_split_of_an_item_depends_on_its_id_alone(cache: Path) -> None:
    data = plays(cache, "hetrec")
    whole = tag_rows(data.data, data.data.plays, 20, seed=0)
    half = data.data.select(np.arange(40), np.arange(50))
    part = tag_rows(half, half.plays, 20, seed=0)
    assert whole is not None and part is not None
    test = set(whole.items[whole.rows["test"]].tolist())
    assert set(part.items[part.rows["test"]].tolist()) <= test


def test_the_factors_of_a_model_are_probed_for_tags(cache: Path) -> None:
    task = plays(cache, "hetrec").task
    (tags,) = task.extra
    assert set(tags.metrics()) == {"tag_roc_auc", "tag_pr_auc"}
    answer = tags.ask(WMF(*task.plays.split.train.shape, n_factors=3))
    assert answer["scores"].shape == tags.target.shape
    assert len(tags.units) == len(tags.target)
    assert set(tags.nulls()) == {"tag_prior", "popularity"}
    (section,) = tags.sections(Answer(None, answer, Bootstrap(20)))
    assert section.name == "tag_auc" and set(section.table["tag"]) <= set(tags.rows.names)


def test_there_is_no_test_of_tags_without_tags_or_without_factors(cache: Path) -> None:
    (without,) = plays(cache, "muso").task.extra
    assert set(without.metrics()) == {"tag_roc_auc", "tag_pr_auc"}
    with pytest.raises(NotAnsweredError, match=r"^no tags in source muso$"):
        without.ask(WMF(5, 9, n_factors=3))
    (tagged,) = plays(cache, "hetrec").task.extra
    with pytest.raises(NotAnsweredError, match=r"^this model has no factors of items$"):
        tagged.ask(ItemKNN(5, 9))


def test_predictions_name_items_and_tags(cache: Path) -> None:
    data = factor_tags(cache)
    data.setup("fit")
    table = data.task.predictions({"scores": data.task.target})
    assert table["id"].isin(data.plays.data.items["id"].astype(str)).all()
    for tags, row in zip(table["tags"], data.task.target, strict=True):
        assert tags == [data.rows.names[tag] for tag in torch.nonzero(row)[:, 0]]
