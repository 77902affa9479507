"""The contract of recommenders for people who were not in training."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hydra.utils import get_class
from implicit.nearest_neighbours import bm25_weight as reference_bm25
from ranking_world import CUTOFFS, N_ITEMS, N_USERS, halves, plays, train_batch
from scipy.sparse import csr_matrix
from test_continuation import MODELS, fit, sounds
from test_rankers import RANKERS, SIZES
from torch import Tensor

from muso_exp.features.als import FactorOptions, fold_in
from muso_exp.features.hybrid import HybridOptions
from muso_exp.features.wmf import biased_objective, objective
from muso_exp.models.abilities import FoldsIn, ask
from muso_exp.models.blend import Blend
from muso_exp.models.ease import EASE
from muso_exp.models.embedding_net import EmbeddingNet, LayerSizes
from muso_exp.models.fusion import RecommenderFusion
from muso_exp.models.hybrid import Hybrid
from muso_exp.models.item_knn import ItemKNN, bm25_weight
from muso_exp.models.popularity import Popularity
from muso_exp.models.ranking import Ranker, RowRanker
from muso_exp.models.sansa import SANSA

CONF = Path(__file__).parents[2] / "conf" / "model"
WEIGHTINGS = ("binary", "log", "tfidf", "bm25")
LAYERS = LayerSizes(embedding_size=4, hidden_size=8)
SMALL = HybridOptions(factors=FactorOptions(n_factors=4, iterations=3))
ALL: dict[str, Callable[[], Ranker]] = {
    **RANKERS,
    **MODELS,
    **{f"knn_{w}": lambda w=w: ItemKNN(**SIZES, weighting=w) for w in WEIGHTINGS},
    "plays": lambda: Popularity(**SIZES, by="plays"),
    "blend": lambda: Blend(
        **SIZES, seed_counts=[0, 2, 4], n_validation=5, options={"wmf": {"iterations": 60}}
    ),
    "fusion": lambda: RecommenderFusion(
        **SIZES, options={"wmf": {"n_factors": 8, "iterations": 60}}
    ),
    "hybrid": lambda: Hybrid(**SIZES, n_content=5, fit=SMALL),
    "embedding_net": lambda: EmbeddingNet(
        **SIZES, n_artists=10, layers=LAYERS, inputs=["songs", "features"]
    ),
    "hybrid_part": lambda: Hybrid(**SIZES, n_content=5, fit=SMALL, parts=["sound_profile"]),
}
SOLVED_AGAIN = (
    "wmf",
    "als_wr",
    "wmf_bias",
    "blend",
    "ials",
    "fusion",
)  # users are solved in turn with the items
REFUSED = ("bpr",)
OPEN = [name for name in ALL if name not in REFUSED]


@pytest.fixture(scope="module")
def trained() -> dict[str, Ranker]:
    epochs = {"wmf": 60, "wmf_bias": 60, "ials": 60, "als_wr": 60, "net": 5}
    return {name: fit(make(), halves()[0], epochs.get(name, 1)) for name, make in ALL.items()}


def brought(rows: csr_matrix, users: np.ndarray) -> dict[str, Tensor]:
    """The rows of some train users, as somebody new would bring them."""
    titles = {"title_crow": torch.arange(len(users) + 1), "title_col": torch.from_numpy(users % 2)}
    return {**train_batch(rows[users]), **titles, "n_words": sounds()["n_words"]}


def scores_of(model: Ranker, batch: dict[str, Tensor]) -> np.ndarray:
    return ask(model.score_new, batch).numpy()


def test_every_recommender_is_tested_here() -> None:
    targets = [yaml.safe_load(path.read_text())["_target_"] for path in CONF.glob("*.yaml")]
    rankers = {cls for cls in map(get_class, targets) if issubclass(cls, Ranker)}
    assert rankers == {type(make()) for make in ALL.values()} | {SANSA}  # that where it is there


@pytest.mark.parametrize("name", [name for name in OPEN if name not in SOLVED_AGAIN])
def test_a_train_row_brought_anew_gets_its_own_scores(
    name: str, trained: dict[str, Ranker]
) -> None:
    users = np.array([3, 0, 17, 58])
    with torch.no_grad():
        own = trained[name].score_block(torch.from_numpy(users)).numpy()
    np.testing.assert_allclose(
        scores_of(trained[name], brought(halves()[0], users)), own, atol=1e-6
    )


@pytest.mark.parametrize("name", SOLVED_AGAIN)
def test_a_train_row_solved_again_gets_nearly_its_own_scores(
    name: str, trained: dict[str, Ranker]
) -> None:
    users = np.arange(N_USERS)
    own = trained[name].score_block(torch.from_numpy(users)).numpy()
    folded = scores_of(trained[name], brought(halves()[0], users))
    assert np.abs(folded - own).max() < 0.02 * np.abs(own).max()
    others = own[np.roll(users, 1)]
    assert np.abs(others - own).max() > 0.2 * np.abs(own).max()  # the rows do differ


@pytest.mark.parametrize("name", OPEN)
def test_a_new_row_is_scored_by_itself_and_teaches_nothing(
    name: str, trained: dict[str, Ranker]
) -> None:
    users = np.array([1, 2, 40])
    rows = plays(seed=9)
    state = {key: value.clone() for key, value in trained[name].state_dict().items()}
    together = scores_of(trained[name], brought(rows, users))
    alone = [scores_of(trained[name], brought(rows, users[[place]]))[0] for place in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)
    assert together.shape == (3, N_ITEMS) and np.isfinite(together).all()
    for key, value in trained[name].state_dict().items():
        np.testing.assert_array_equal(value, state[key], err_msg=key)


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_of_its_own_users_only_does_not_fold_in(
    name: str, trained: dict[str, Ranker]
) -> None:
    assert not isinstance(trained[name], FoldsIn)
    assert all(isinstance(trained[other], FoldsIn) for other in OPEN)


def test_a_row_ranker_must_say_how_it_scores() -> None:
    with pytest.raises(TypeError, match="RowRanker does not implement score_rows"):
        RowRanker(**SIZES).score_new(train_batch(plays()[:1]))


def test_new_rows_that_native_code_must_not_see_are_refused(trained: dict[str, Ranker]) -> None:
    batch = train_batch(plays()[:1]) | {"col_indices": torch.tensor([N_ITEMS])}
    batch |= {"crow_indices": torch.tensor([0, 1]), "values": torch.ones(1)}
    with pytest.raises(ValueError, match=r"col_indices must be 0\.\.39, got 40"):
        trained["wmf"].score_new(batch)


@pytest.mark.parametrize("bias", [False, True])
def test_folding_in_minimises_the_objective_of_the_row(bias: bool) -> None:
    rng = torch.Generator().manual_seed(3)
    items = torch.randn(N_ITEMS, 5, generator=rng)
    confidence = plays()[:4]
    solved = fold_in(confidence, items, 0.1, bias)
    formula = biased_objective if bias else objective
    least = formula(confidence, solved, items, 0.1)
    for step in 1e-2 * torch.randn(20, 4, 5, generator=rng):
        assert formula(confidence, solved + step, items, 0.1) > least


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
def test_ease_scores_a_new_row_by_the_closed_form_from_either_side(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    heard, new = ((rng.random(size) < 0.3).astype(np.float64) for size in (shape, (3, shape[1])))
    model = EASE(*shape, CUTOFFS, regularization=5.0)
    model.training_step(train_batch(csr_matrix(heard, dtype=np.float32)), 0)
    inverse = np.linalg.inv(heard.T @ heard + 5 * np.eye(shape[1]))
    weights = np.eye(shape[1]) - inverse / np.diag(inverse)
    scores = model.score_new(train_batch(csr_matrix(new, dtype=np.float32)))
    np.testing.assert_allclose(scores, new @ weights, atol=1e-5)


def test_the_weights_of_bm25_are_those_of_implicit() -> None:
    matrix = plays()
    totals = matrix.sum(axis=0).A1.astype(np.float64)
    expected = reference_bm25(matrix.T).T.toarray()
    np.testing.assert_allclose(bm25_weight(matrix, totals).toarray(), expected, rtol=1e-5)
