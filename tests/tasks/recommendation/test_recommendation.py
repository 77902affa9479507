"""The task of recommendation: null models, predictions, and what the report shows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from sklearn.metrics import roc_auc_score
from test_plays import plays

from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.ease import EASE
from muso_exp.models.item_knn import ItemKNN
from muso_exp.models.wmf import WMF
from muso_exp.run import run
from muso_exp.tasks.base import Answer
from muso_exp.tasks.recommendation.sections import by_activity, latent_factors, neighbours


def test_an_interval_of_the_activity_figure_ends_at_one(cache: Path) -> None:
    data = plays(cache)
    areas = np.ones(len(data.task.held.users))
    areas[::5] = 0.4
    shown = by_activity(
        data.task.plays, data.task.held, pd.DataFrame({"auc": areas}), Bootstrap(200)
    ).table
    assert (shown["low"] <= shown["auc"]).all() and (shown["auc"] <= shown["high"]).all()
    assert shown["high"].max() <= 1 and shown["users"].sum() == len(areas)


def test_nulls_are_exact_chance_and_popularity(cache: Path) -> None:
    data = plays(cache)
    nulls = data.task.nulls()
    assert nulls["random"]["auc"].tolist() == pytest.approx([0.5] * len(data.task.units))
    seen, positives = data.task.held.seen[0].toarray()[0], data.task.held.positives[0].toarray()[0]
    own = roc_auc_score(positives[seen == 0] > 0, data.task.listeners[seen == 0])
    assert float(nulls["popularity"]["auc"][0]) == pytest.approx(own)


def test_popularity_knows_nothing_of_cold_items_and_names_only_those(cache: Path) -> None:
    data = plays(cache, split="cold_items")
    popularity = data.task.nulls()["popularity"]
    assert popularity["auc"].tolist() == pytest.approx([0.5] * len(data.task.units))
    assert set(popularity["top"].unique().tolist()) <= {-1, *data.task.held.candidates.tolist()}


def test_users_are_numbers_whatever_the_files_call_them(cache: Path) -> None:
    data = plays(cache, "muso", items="artist")
    columns = {"auc": torch.rand(len(data.task.units)), "top": torch.zeros(len(data.task.units), 3)}
    table = data.task.predictions(columns)
    assert table["user"].dtype == np.int64
    assert [len(items) for items in table["held_out"]] == data.task.target.tolist()
    assert table["top"][0] == [0, 0, 0]


def test_sections_follow_from_what_the_model_can_do(cache: Path) -> None:
    task = plays(cache, "hetrec").task
    n_users, n_items = task.plays.split.train.shape
    columns = task.nulls()["popularity"]
    table = task.predictions(columns)
    expected = {EASE: set(), ItemKNN: {"neighbours"}, WMF: {"neighbours", "factors"}}
    for make, names in expected.items():
        answer = Answer(make(n_users, n_items), columns, Bootstrap(20))
        assert {section.name for section in task.sections(table, answer)} == {"activity", *names}


def test_factors_are_kept_with_ids_and_names(cache: Path) -> None:
    task = plays(cache, "hetrec").task
    model = WMF(*task.plays.split.train.shape, n_factors=3)
    (section,) = latent_factors(model, task.plays)
    arrays = section.arrays
    assert (arrays["item_factors"] == model.item_factors.numpy()).all()
    assert (arrays["user_factors"] == model.user_factors.numpy()).all()
    n_users, n_items = task.plays.split.train.shape
    assert len(arrays["users"]) == n_users
    assert len(arrays["item_ids"]) == len(arrays["item_names"]) == n_items


def test_a_fault_of_the_model_is_not_taken_for_a_lack_of_neighbours() -> None:
    class Faulty(ItemKNN):
        def item_block(self, items: torch.Tensor) -> torch.Tensor:
            raise TypeError("unsupported operand")

    with pytest.raises(TypeError, match="unsupported operand"):
        neighbours(Faulty(3, 4), [0, 1], list("abcd"))


def test_a_mix_of_recommenders_can_be_trained_on_plays(cache: Path, tmp_path: Path) -> None:
    parts = ["dataset=plays", "model=blend", "model.parts=[popularity,item_knn]", "trainer=solver"]
    world = ["dataset.world.users=40", "dataset.world.artists=60", "scale=smoke", "resamples=20"]
    places = [f"paths.cache={cache}", f"paths.outputs={tmp_path}", f"paths.run={tmp_path / 'run'}"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        outcome = run(compose("config", [*parts, *world, *places, "logger=none"]))
    assert 0.5 < outcome.metrics["auc"] <= 1
    assert "tag_roc_auc" not in outcome.metrics
    assert {section.name for section in outcome.sections} >= {"activity"}
    assert not {"factors", "neighbours"} & {section.name for section in outcome.sections}
