"""The task of recommendation: null models, predictions, and what the report shows."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score
from test_plays import NO_ANSWER, plays

from muso_exp.data.recommendation.splits import PlaysSplit, split_plays
from muso_exp.evaluation.outcome import Outcome
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.ease import EASE
from muso_exp.models.item_knn import ItemKNN
from muso_exp.models.wmf import WMF
from muso_exp.run import run
from muso_exp.tasks.base import Answer
from muso_exp.tasks.recommendation import sections
from muso_exp.tasks.recommendation.sections import by_activity, latent_factors, neighbours
from muso_exp.tasks.recommendation.split_plays import SplitPlays
from muso_exp.tasks.recommendation.task import Recommendation


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
    listeners = data.task.held.of_candidates(data.task.listeners)
    own = roc_auc_score(positives[seen == 0] > 0, listeners[seen == 0])
    assert float(nulls["popularity"]["auc"][0]) == pytest.approx(own)


def test_the_least_popular_first_is_a_null_the_other_way_round(cache: Path) -> None:
    nulls = plays(cache).task.nulls()
    assert nulls["least_popular"]["auc"].tolist() == pytest.approx(
        (1 - nulls["popularity"]["auc"]).tolist()
    )


def test_what_warm_candidates_leave_out_is_counted_and_in_no_null(cache: Path) -> None:
    every, warm = plays(cache, candidates="all").task, plays(cache).task
    cold = np.flatnonzero(warm.listeners == 0)
    assert len(cold)
    counts = warm.counts()
    assert counts["candidates"] == counts["items"] - len(cold) < every.counts()["candidates"]
    found = {finding.check: finding.value for finding in warm.audit(NO_ANSWER)}
    assert found["cold_items"] == len(cold)
    assert found["cold_entries"] == every.counts()["test_entries"] - counts["test_entries"] > 0
    assert found["cold_users"] == len(every.held.users) - len(warm.held.users)
    assert "unseen_test_entries" not in found
    for columns in warm.nulls().values():
        assert not set(columns["top"].unique().tolist()) & set(cold.tolist())
    table = warm.predictions(warm.nulls()["popularity"])
    assert not {item for items in table["held_out"] for item in items} & set(cold.tolist())


@pytest.mark.parametrize(("candidates", "expected"), [("all", 0.67), ("warm", 0.5)])
def test_the_least_popular_first_passes_for_taste_only_where_cold_items_are_ranked(
    candidates: Literal["all", "warm"], expected: float
) -> None:
    rng = np.random.default_rng(0)  # 90 users who play 30 of 3,000 songs at random
    songs = np.concatenate([np.sort(rng.choice(3000, 30, False)) for _ in range(90)])
    plays = csr_matrix((np.ones(len(songs)), songs, np.arange(0, 2701, 30)), (90, 3000))
    plays = plays[:, np.unique(songs)]
    items = pd.DataFrame({"id": np.arange(plays.shape[1]), "artist": "a", "title": "b"})
    data = Interactions(plays, np.arange(90), items)
    split = PlaysSplit(by="holdout", test_share=0.2, val_share=0.0, list=None)
    parts = split_plays(data, split, 0, candidates=candidates)
    task = Recommendation(SplitPlays(data, parts, plays.shape, 1, 1), [10], [])
    least_popular = float(task.nulls()["least_popular"]["auc"].mean())
    assert least_popular == pytest.approx(expected, abs=0.03)


def test_popularity_knows_nothing_of_cold_items_and_names_only_those(cache: Path) -> None:
    data = plays(cache, split="cold_items")
    popularity = data.task.nulls()["popularity"]
    assert popularity["auc"].tolist() == pytest.approx([0.5] * len(data.task.units))
    assert set(popularity["top"].unique().tolist()) <= {-1, *data.task.held.candidates.tolist()}


def test_a_model_that_is_worse_than_popularity_is_told_what_to_try(cache: Path) -> None:
    task = plays(cache).task
    found = {}
    for name in ("least_popular", "popularity"):
        answer = Answer(None, task.nulls()[name], Bootstrap(200))
        found[name] = [f for f in task.audit(answer) if f.check == "worse_than_popularity"]
    (warning,) = found["least_popular"]
    assert warning.value < 0 and "model.regularization=validation" in warning.text
    assert found["popularity"] == []


def test_a_regularisation_that_the_model_chose_is_in_the_audit(cache: Path) -> None:
    task = plays(cache, "hetrec").task
    model = WMF(*task.plays.split.train.shape, n_factors=3, regularization="validation")
    model.chosen.fill_(3)
    columns = task.nulls()["popularity"]
    texts = [f.text for f in task.audit(Answer(model, columns, Bootstrap(20)))]
    assert "model.regularization=3 was chosen on plays held out of training" in texts


def test_users_are_numbers_whatever_the_files_call_them(cache: Path) -> None:
    data = plays(cache, "muso", reading={"items": "artist"})
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


def run_in(cache: Path, folder: Path, *overrides: str) -> Outcome:
    world = ["dataset.world.users=40", "dataset.world.artists=60", "scale=smoke", "resamples=20"]
    places = [f"paths.cache={cache}", f"paths.outputs={folder.parent}", f"paths.run={folder}"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        return run(compose("config", [*overrides, *world, *places, "logger=none"]))


@pytest.mark.parametrize("model", ["wmf", "ease"])
def test_one_checkpoint_gives_the_same_bytes_however_it_is_asked(
    model: str, cache: Path, tmp_path: Path
) -> None:
    options = ["+experiment=wmf", f"model={model}"]
    run_in(cache, tmp_path / "first", *options)
    usual = torch.get_num_threads()
    for n_threads in (1, 3):
        torch.set_num_threads(n_threads)
        again = tmp_path / str(n_threads)
        run_in(cache, again, *options, f"ckpt={tmp_path / 'first'}")
        expected = (tmp_path / "first" / "predictions.parquet").read_bytes()
        assert (again / "predictions.parquet").read_bytes() == expected
    torch.set_num_threads(usual)


def test_a_mix_of_recommenders_can_be_trained_on_plays(cache: Path, tmp_path: Path) -> None:
    parts = ["dataset=plays", "model=blend", "model.parts=[popularity,item_knn]", "trainer=solver"]
    outcome = run_in(cache, tmp_path / "run", *parts)
    assert 0.5 < outcome.metrics["auc"] <= 1
    assert "tag_roc_auc" not in outcome.metrics
    assert {section.name for section in outcome.sections} >= {"activity"}
    assert not {"factors", "neighbours"} & {section.name for section in outcome.sections}


def test_names_of_very_many_items_are_cut_and_the_report_says_so(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    task = plays(cache).task
    model = WMF(*task.plays.split.train.shape, cutoffs=[10], n_factors=4)
    (whole,) = latent_factors(model, task.plays)
    names = task.plays.used.names
    assert whole.arrays["item_names"].tolist() == names and "cut" not in whole.text
    monkeypatch.setattr(sections, "MOST_LETTERS", 1)
    monkeypatch.setattr(sections, "NAME_LETTERS", 5)
    (short,) = latent_factors(model, task.plays)
    assert short.arrays["item_names"].tolist() == [name[:5] for name in names]
    assert short.text.endswith("Names are cut to 5 letters.")
