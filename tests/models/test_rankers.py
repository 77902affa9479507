import inspect
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hydra.utils import get_class
from pytest import approx
from ranking_world import (
    CUTOFFS,
    N_ITEMS,
    N_USERS,
    eval_batch,
    evaluate,
    fit,
    halves,
    plays,
    train_batch,
)
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError, DivergedError
from muso_exp.models.abilities import HasItemFactors, HasNeighbours, ask, nearest_items
from muso_exp.models.als_wr import ALSWR
from muso_exp.models.bpr import BPR
from muso_exp.models.ease import EASE
from muso_exp.models.fusion import RecommenderFusion
from muso_exp.models.ials import IALS
from muso_exp.models.item_knn import ItemKNN
from muso_exp.models.popularity import Popularity
from muso_exp.models.random import Random
from muso_exp.models.ranking import Ranker
from muso_exp.models.sansa import SANSA
from muso_exp.models.user_knn import UserKNN
from muso_exp.models.wmf import WMF

CONF = Path(__file__).parents[2] / "conf" / "model"
SIZES = {"n_users": N_USERS, "n_items": N_ITEMS, "cutoffs": CUTOFFS}
RANKERS = {
    "random": lambda: Random(**SIZES),
    "popularity": lambda: Popularity(**SIZES),
    "item_knn": lambda: ItemKNN(**SIZES),
    "ease": lambda: EASE(**SIZES, regularization=10.0),
    "bpr": lambda: BPR(**SIZES, n_factors=8),
    "wmf": lambda: WMF(**SIZES, n_factors=8),
    "wmf_bias": lambda: WMF(**SIZES, n_factors=8, bias=True, cg_steps=0),
    "ials": lambda: IALS(**SIZES, n_factors=8, regularization=0.1),
    "als_wr": lambda: ALSWR(**SIZES, n_factors=8, regularization=0.05),
    "user_knn": lambda: UserKNN(**SIZES, n_neighbours=10),
    "ease_weighted": lambda: EASE(
        **SIZES, regularization=10.0, weighting="relative_log", popularity_exponent=0.25
    ),
    "fusion": lambda: RecommenderFusion(
        **SIZES, options={"wmf": {"n_factors": 8, "iterations": 8}}
    ),
}
if find_spec("sansa"):  # an extra that needs a library of the system
    RANKERS["sansa"] = lambda: SANSA(**SIZES, regularization=10.0, density=0.5)
LEARNERS = [name for name in RANKERS if name not in ("random", "popularity")]


@pytest.fixture(scope="module")
def trained() -> dict[str, Ranker]:
    seen, _ = halves()
    models = {name: make() for name, make in RANKERS.items()}
    for name, model in models.items():
        fit(model, seen, epochs=60 if name == "bpr" else 1 if model.one_step else 8)
    return models


@pytest.mark.parametrize("name", LEARNERS)
def test_a_model_that_learns_beats_popularity_and_chance(
    name: str, trained: dict[str, Ranker]
) -> None:
    scores = {key: evaluate(trained[key], *halves()) for key in (name, "popularity", "random")}
    assert scores["random"]["auc"] == approx(1 / 2)
    assert scores[name]["auc"] > scores["popularity"]["auc"] + 0.1
    assert scores[name]["map_at_10"] > 1.5 * scores["random"]["map_at_10"]


@pytest.mark.parametrize("name", RANKERS)
def test_a_reloaded_model_answers_exactly_the_same(
    name: str, trained: dict[str, Ranker], tmp_path: Path
) -> None:
    batch = eval_batch(*halves())
    checkpoint = {"state_dict": trained[name].state_dict()}
    torch.save(checkpoint, tmp_path / "model.ckpt")
    fresh, checkpoint = RANKERS[name](), torch.load(tmp_path / "model.ckpt")
    fresh.on_load_checkpoint(checkpoint)
    fresh.load_state_dict(checkpoint["state_dict"])
    before, after = trained[name].predict_step(batch), fresh.predict_step(batch)
    for column in before:
        assert torch.equal(before[column], after[column]), column


@pytest.mark.parametrize("name", RANKERS)
def test_answers_are_columns_of_the_batch(name: str, trained: dict[str, Ranker]) -> None:
    batch = eval_batch(*halves())
    columns = trained[name].predict_step(batch)
    n_rows = len(batch["user"])
    assert columns["top"].shape == (n_rows, 10)
    assert {"auc", "ap_at_5", "ndcg_at_10", "clicks"} <= columns.keys()
    assert all(len(column) == n_rows for column in columns.values())


@pytest.mark.parametrize("name", RANKERS)
def test_lists_hold_nothing_seen_and_nothing_twice(name: str, trained: dict[str, Ranker]) -> None:
    seen, positives = halves()
    batch = eval_batch(seen, positives)
    top = trained[name].predict_step(batch)["top"]
    for user, items in zip(batch["user"].tolist(), top.tolist(), strict=True):
        assert len(set(items)) == 10
        assert not set(items) & set(seen[user].indices)


def test_factor_models_and_no_others_have_item_factors(trained: dict[str, Ranker]) -> None:
    having = {name for name, model in trained.items() if isinstance(model, HasItemFactors)}
    assert having == {"bpr", "wmf", "wmf_bias", "ials", "als_wr"}
    for name in having:
        factors = ask(trained[name].factors)
        assert torch.equal(factors.items, trained[name].item_factors)
        assert torch.equal(factors.users, trained[name].user_factors)
        assert len(factors.users) == N_USERS


def test_models_that_know_similar_items_have_neighbours(trained: dict[str, Ranker]) -> None:
    having = {name for name, model in trained.items() if isinstance(model, HasNeighbours)}
    assert having == {"item_knn", "bpr", "wmf", "wmf_bias", "ials", "als_wr"}


@pytest.mark.parametrize("name", ["item_knn", "bpr", "wmf", "wmf_bias", "ials"])
def test_most_neighbours_of_an_item_share_its_taste(name: str, trained: dict[str, Ranker]) -> None:
    items = torch.arange(N_ITEMS)
    answer = nearest_items(trained[name], items, 10)
    assert answer.items.shape == answer.similarity.shape == (N_ITEMS, 10)
    assert (answer.items != items[:, None]).all()
    assert (answer.similarity.diff(dim=1) <= 0).all()
    same = (answer.items % 2 == items[:, None] % 2).double().mean()
    assert same > 0.65  # one half by chance


@pytest.mark.parametrize("name", RANKERS)
def test_a_batch_is_answered_the_same_whatever_was_asked_before(
    name: str, trained: dict[str, Ranker]
) -> None:
    seen, positives = halves()
    whole = trained[name].predict_step(eval_batch(seen, positives))
    keep = np.arange(N_USERS) < 7
    few = eval_batch(seen, csr_matrix(positives.multiply(keep[:, None])))
    columns = trained[name].predict_step(few)
    n_rows = len(few["user"])
    for column in columns:
        np.testing.assert_allclose(columns[column], whole[column][:n_rows], err_msg=column)


def test_candidates_limit_what_is_ranked_and_lists_keep_item_ids(
    trained: dict[str, Ranker],
) -> None:
    seen, positives = halves()
    candidates = np.array([1, 4, 6, 9, 12, 15, 20, 33])
    batch = eval_batch(seen[:, candidates], positives[:, candidates])
    batch["candidates"] = torch.from_numpy(candidates)
    columns = trained["wmf"].predict_step(batch)
    scores = trained["wmf"].score_block(batch["user"])
    user = int(batch["user"][0])
    open_items = np.setdiff1d(candidates, seen[user].indices)
    best = open_items[np.argsort(-scores[0, open_items].numpy())]
    assert columns["top"][0].tolist() == [*best, *[-1] * (10 - len(best))]


def test_popularity_counts_users_or_plays() -> None:
    matrix = plays()
    by_users, by_plays = Popularity(**SIZES), Popularity(**SIZES, by="plays")
    fit(by_users, matrix)
    fit(by_plays, matrix)
    assert by_users.popularity.tolist() == (matrix > 0).sum(axis=0).A1.tolist()
    assert by_plays.popularity.tolist() == matrix.sum(axis=0).A1.tolist()


def test_item_knn_sums_the_cosines_of_the_nearest_items() -> None:
    matrix = csr_matrix(np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1]], dtype=np.float32))
    model = ItemKNN(3, 3, CUTOFFS, n_neighbours=1, weighting="binary")
    fit(model, matrix)
    similarity = model.item_block(torch.arange(3))
    expected = torch.tensor([[0, 1, 0], [1, 0, 0], [1 / 2, 0, 0]])
    np.testing.assert_allclose(similarity[:2], expected[:2], rtol=1e-6)
    assert float(similarity[2].sum()) == approx(1 / 2)  # one of two equal neighbours
    scores = model.score_block(torch.tensor([0]))
    np.testing.assert_allclose(scores, [[1, 1, 0]], rtol=1e-6)


def test_item_knn_draws_which_of_equal_neighbours_it_keeps() -> None:
    model = ItemKNN(4, 60, CUTOFFS, n_neighbours=5, weighting="binary")
    fit(model, csr_matrix(np.ones((4, 60), dtype=np.float32)))
    kept = (model.item_block(torch.arange(60)) > 0).nonzero()[:, 1]
    assert kept.max() > 30  # not the first ones


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("name", RANKERS)
def test_an_answer_depends_neither_on_batches_nor_on_threads(
    name: str, n_threads: int, trained: dict[str, Ranker]
) -> None:
    seen, positives = halves()
    whole = trained[name].predict_step(eval_batch(seen, positives))
    usual = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    for size in (1, 7):
        for start in range(0, N_USERS, size):
            keep = (np.arange(N_USERS) >= start) & (np.arange(N_USERS) < start + size)
            part = eval_batch(seen, csr_matrix(positives.multiply(keep[:, None])))
            for column, values in trained[name].predict_step(part).items():
                expected = whole[column][part["user"]]  # every user has held-out items
                assert torch.equal(values.nan_to_num(), expected.nan_to_num()), column
    torch.set_num_threads(usual)


@pytest.mark.parametrize("weighting", ["binary", "log", "tfidf", "bm25"])
def test_item_knn_keeps_so_many_neighbours_and_never_the_item(weighting: str) -> None:
    model = ItemKNN(**SIZES, n_neighbours=3, weighting=weighting)
    fit(model, plays())
    similarity = model.item_block(torch.arange(N_ITEMS))
    assert (similarity > 0).sum(dim=1).max() <= 3
    assert similarity.diagonal().abs().max() == 0


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
def test_ease_is_the_closed_form_from_either_side(shape: tuple[int, int]) -> None:
    heard = (np.random.default_rng(1).random(shape) < 0.3).astype(np.float64)
    heard[:, 0] = 1
    model = EASE(*shape, CUTOFFS, regularization=5.0)
    fit(model, csr_matrix(heard, dtype=np.float32))
    inverse = np.linalg.inv(heard.T @ heard + 5 * np.eye(shape[1]))
    weights = np.eye(shape[1]) - inverse / np.diag(inverse)
    assert np.abs(np.diag(weights)).max() < 1e-12
    scores = model.score_block(torch.arange(shape[0]))
    np.testing.assert_allclose(scores, heard @ weights, atol=1e-5)


def test_bpr_repeats_and_a_resumed_epoch_draws_what_it_would_have_drawn() -> None:
    first, second = BPR(**SIZES, n_factors=4), BPR(**SIZES, n_factors=4)
    fit(first, plays(), epochs=3)
    fit(second, plays(), epochs=3)
    assert torch.equal(first.item_factors, second.item_factors)
    other = BPR(**SIZES, n_factors=4, seed=1)
    fit(other, plays(), epochs=3)
    assert not torch.equal(first.item_factors, other.item_factors)


def test_bpr_that_diverges_names_its_learning_rate() -> None:
    with pytest.raises(DivergedError, match=r"factors are not finite; set model.lr below 1e\+30"):
        fit(BPR(**SIZES, n_factors=4, lr=1e30), plays())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WMF(**SIZES, n_factors=41), "model.n_factors must be 1 to 40, the number of item"),
        (lambda: WMF(**SIZES, n_factors=1, bias=True), "model.n_factors must be 2 to 40"),
        (lambda: BPR(**SIZES, n_factors=0), "model.n_factors must be 1 to 40"),
        (lambda: BPR(**SIZES, lr=0), "model.lr must be > 0, got 0"),
        (lambda: Popularity(**SIZES, by="fame"), "must be users or plays, got 'fame'"),
        (lambda: ItemKNN(**SIZES, weighting="x"), "one of binary, log, tfidf, bm25; got 'x'"),
        (lambda: ItemKNN(**SIZES, n_neighbours=0), "model.n_neighbours must be >= 1, got 0"),
        (lambda: EASE(**SIZES, regularization=0), "model.regularization must be > 0, got 0"),
        (
            lambda: EASE(10**6, 10**5, CUTOFFS),
            r"EASE of .* would take 114\.0 GiB, .* or set model\.precision=32 \(a third\)",
        ),
    ],
)
def test_a_wrong_argument_is_refused(make: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize("name", ["random", "popularity", "item_knn", "ease", "bpr", "wmf"])
def test_the_configuration_holds_the_constructor_s_own_defaults(name: str) -> None:
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    parameters = inspect.signature(get_class(config.pop("_target_"))).parameters
    for key, value in config.items():
        assert value in (parameters[key].default, "${seed}"), key
    offered = {"self", "n_users", "n_items", "cutoffs", "n_top"}
    assert parameters.keys() - config.keys() <= offered


def test_user_knn_sums_what_the_nearest_users_play() -> None:
    matrix = csr_matrix(np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1]], dtype=np.float32))
    model = UserKNN(3, 4, CUTOFFS, n_neighbours=2, weighting="binary")
    fit(model, matrix)
    # of user 0: itself by 1, user 1 by 1/2; all weights are 1 / sqrt(2)
    expected = np.array([[1.5, 1, 0.5, 0]]) / 2**0.5
    np.testing.assert_allclose(model.score_block(torch.tensor([0])), expected, rtol=1e-6)


def test_a_fusion_is_no_worse_on_what_was_hidden_than_its_parts_and_says_its_weights(
    trained: dict[str, Ranker],
) -> None:
    chosen = trained["fusion"].settings_chosen()
    assert sum(chosen.values()) == approx(1) and min(chosen.values()) >= 0
    assert set(chosen) == {"weight_of_ease", "weight_of_wmf", "weight_of_user_knn"}


def test_users_in_no_training_are_scored_by_what_they_bring(trained: dict[str, Ranker]) -> None:
    seen, positives = halves()
    batch = eval_batch(seen, positives)
    known = {name: part for name, part in train_batch(seen[batch["user"].numpy()]).items()}
    for name, model in trained.items():
        if name == "bpr":
            with pytest.raises(ConfigError, match="BPR has a place for the users of its training"):
                model.predict_step(batch | known)
            continue
        scores = ask(model.score_new, known).numpy()
        open_scores = np.where(seen[batch["user"].numpy()].toarray() > 0, -np.inf, scores)
        top = model.predict_step(batch | known)["top"][:, 0].numpy()
        rows = np.arange(len(top))
        assert open_scores[rows, top] == approx(open_scores.max(axis=1), abs=1e-5), name
