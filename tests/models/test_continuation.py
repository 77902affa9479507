"""Recommenders that know what tracks sound like, and the mix."""

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from continuation_models import CONF, DEAF, MODELS, NAMES, SIZES, fit, sounds, train_each
from hydra.utils import get_class
from pytest import approx
from ranking_world import N_ITEMS, eval_batch, halves, train_batch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.mix_search import grid
from muso_exp.features.ranking import Rows, rank_in_blocks
from muso_exp.models.abilities import FoldsIn, HasItemFactors, HasNeighbours, ask
from muso_exp.models.blend import Blend
from muso_exp.models.cluster_members import ClusterMembers
from muso_exp.models.cooccurrence_net import CooccurrenceNet
from muso_exp.models.nearest_features import NearestFeatures
from muso_exp.models.ranking import Ranker
from muso_exp.models.shown_abilities import HasBlendWeights, PredictsCooccurrence, RecordsProgress
from muso_exp.models.titles import Titles


@pytest.fixture(scope="module")
def trained() -> dict[str, Ranker]:
    return train_each()


@pytest.mark.parametrize("name", [name for name in MODELS if name != "net_as_published"])
def test_sound_or_company_beats_chance(name: str, trained: dict[str, Ranker]) -> None:
    columns = trained[name].predict_step(eval_batch(*halves()))
    assert columns["auc"].mean() > 0.58


@pytest.mark.parametrize("name", MODELS)
def test_a_reloaded_model_answers_exactly_the_same(
    name: str, trained: dict[str, Ranker], tmp_path: Path
) -> None:
    batch = eval_batch(*halves())
    torch.save({"state_dict": trained[name].state_dict()}, tmp_path / "model.ckpt")
    fresh, checkpoint = MODELS[name](), torch.load(tmp_path / "model.ckpt")
    fresh.on_load_checkpoint(checkpoint)
    fresh.load_state_dict(checkpoint["state_dict"])
    before, after = trained[name].predict_step(batch), fresh.eval().predict_step(batch)
    for column in before:
        assert torch.equal(before[column], after[column]), column


@pytest.mark.parametrize("name", MODELS)
def test_a_playlist_without_seeds_is_scored_finitely(name: str, trained: dict[str, Ranker]) -> None:
    seen, _ = halves()
    empty = seen.tolil()
    empty[0] = 0
    model = fit(MODELS[name](), csr_matrix(empty))
    with torch.no_grad():
        scores = model.score_block(torch.tensor([0, 1]))
    assert scores.isfinite().all()
    if name not in ("blend", "titles"):
        assert scores[0].abs().max() == 0


def test_nearest_features_ranks_by_distance_to_the_seeds_mean() -> None:
    matrix = csr_matrix(np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 1]], dtype=np.float32))
    features = torch.full((5, 13), 0.5)
    features[:, NAMES.index("tempo")] = torch.tensor([100.0, 103.0, 110.0, 140.0, torch.nan])
    model = NearestFeatures(2, 5, [5], features=["tempo"], scaling="none")
    fit(model, matrix, features=features, file_order=torch.tensor([0, 1, 2, 3, -1]))
    scores = model.score_block(torch.tensor([0, 1]))
    assert scores[0].tolist() == approx([1 / 6, 1 / 3, 1 / 6, 1 / 36, 0])  # the mean is 105
    assert scores[1].tolist() == [0] * 5  # its only seed has no features
    alike = model.item_block(torch.tensor([1, 4]))
    assert alike[0].tolist() == approx([1 / 4, 1, 1 / 8, 1 / 38, 0])
    assert alike[1].tolist() == [0] * 5


def test_nearest_features_can_take_the_nearest_seed() -> None:
    matrix = csr_matrix(np.array([[1, 0, 1, 0]], dtype=np.float32))
    features = torch.full((4, 13), 0.5)
    features[:, NAMES.index("tempo")] = torch.tensor([100.0, 103.0, 110.0, 140.0])
    model = NearestFeatures(1, 4, [5], features=["tempo"], scaling="none", query="nearest")
    fit(model, matrix, features=features, file_order=torch.arange(4))
    assert model.score_block(torch.tensor([0]))[0].tolist() == approx([1, 1 / 4, 1, 1 / 31])


def test_cluster_members_stand_in_file_order_and_were_not_fitted_to() -> None:
    seen, _ = halves()
    model = ClusterMembers(**SIZES, n_clusters=2, features=["energy"], train_share=0.5)
    fit(model, seen)
    order, cluster = sounds()["file_order"], model.cluster
    assert cluster[DEAF] == -1
    shown = cluster >= 0
    assert 8 < shown.sum() < 32  # half of the tracks were fitted to
    user = int(np.flatnonzero(np.diff(seen.indptr) > 3)[0])
    scores = model.score_block(torch.tensor([user]))[0]
    assert (scores > 0).sum() == (cluster == cluster[scores.argmax()]).sum()
    members = (scores > 0).nonzero()[:, 0]
    assert order[members[scores[members].argsort(descending=True)]].diff().gt(0).all()
    assert len({int(track) % 2 for track in members}) == 1  # loud ones or quiet ones


def test_titles_count_the_tracks_of_playlists_that_are_called_alike() -> None:
    matrix = csr_matrix(np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]], dtype=np.float32))
    model = Titles(4, 3, [5])
    words = {
        "title_crow": torch.tensor([0, 1, 3, 4, 4]),  # a | a b | b | no title
        "title_col": torch.tensor([0, 0, 1, 1]),
        "n_words": torch.tensor(2),
    }
    fit(model, matrix, **words)
    half = 2**-0.5  # both words are in two of four titles
    scores = model.score_block(torch.tensor([0, 2, 3]))
    expected = [[1 + half, half, 0], [half, half, 1], [0, 0, 0]]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_where_no_two_titles_share_a_word_all_tracks_score_0() -> None:
    matrix = csr_matrix(np.eye(2, 3, dtype=np.float32))
    model = Titles(2, 3, [5])
    empty = torch.tensor([], dtype=torch.long)
    words = {"title_crow": torch.tensor([0, 0, 0]), "title_col": empty}
    fit(model, matrix, **words, n_words=torch.tensor(0))
    assert model.score_block(torch.tensor([0, 1])).tolist() == [[0, 0, 0]] * 2


@pytest.mark.parametrize(("n_parts", "step"), [(1, 1.0), (2, 0.25), (4, 0.5), (3, 0.2)])
def test_the_grid_holds_all_weights_that_sum_to_one(n_parts: int, step: float) -> None:
    weights = np.array(grid(n_parts, step))
    assert np.allclose(weights.sum(axis=1), 1) and weights.min() >= 0
    n = round(1 / step)
    every = np.stack(np.meshgrid(*[np.arange(n + 1)] * n_parts), axis=-1).reshape(-1, n_parts)
    assert len(np.unique(weights.round(6), axis=0)) == (every.sum(axis=1) == n).sum()


def test_the_mix_is_at_least_as_good_as_its_parts_where_its_weights_were_chosen() -> None:
    model = MODELS["blend"]()
    seen, _ = halves()
    batch = train_batch(seen) | sounds()
    cut, hidden, groups = model._cut(model.plays(batch))
    assert [len(group) for group in groups] == [5, 5, 5]
    assert np.diff(cut[groups[1]].indptr).tolist() == [2] * 5
    model._fit(batch, cut)
    users = groups[2]
    weights = model._choose(users, cut, hidden, model.step)
    scores = model._known_scores(torch.from_numpy(users)).numpy()
    lists = (cut[users], hidden[users])
    rows = [Rows(part.indptr, part.indices) for part in lists]
    mixed = mean_ndcg(np.tensordot(weights, scores, 1), *rows)
    assert mixed >= max(mean_ndcg(part, *rows) for part in scores)


def mean_ndcg(scores: np.ndarray, seen: Rows, positives: Rows) -> float:
    columns = rank_in_blocks(
        lambda start, stop: scores[start:stop], seen, positives, scores.shape[1], [10], n_top=0
    )
    return float(columns["ndcg_at_10"].mean())


def test_where_no_track_has_features_the_mix_is_of_the_other_parts() -> None:
    model, seen = MODELS["blend"](), halves()[0]
    features = torch.full_like(sounds()["features"], torch.nan)
    fit(model, seen, features=features)
    answer = ask(model.blend_weights)
    place = answer.parts.index("nearest_features")
    assert answer.weights[:, place].tolist() == [0, 0, 0]
    assert answer.weights.sum(dim=1).tolist() == approx([1, 1, 1])
    columns = model.predict_step(eval_batch(*halves()))
    assert columns["auc"].mean() > 0.6


def test_a_mix_of_parts_that_cannot_learn_says_why() -> None:
    model = Blend(**SIZES, parts=["nearest_features"], n_validation=5)
    features = torch.full_like(sounds()["features"], torch.nan)
    with pytest.raises(ConfigError, match=r"no track has all of .*: put track_features\.csv"):
        fit(model, halves()[0], features=features)


def test_equal_sounds_tie_exactly_and_rank_at_random() -> None:
    model = NearestFeatures(**SIZES)
    one = sounds()["features"][:1].expand(N_ITEMS, -1)
    fit(model, halves()[0], features=one)
    columns = model.predict_step(eval_batch(*halves()))
    assert columns["auc"].tolist() == approx([0.5] * len(columns["auc"]))


def test_a_mix_has_weights_of_its_parts_by_seeds(trained: dict[str, Ranker]) -> None:
    answer = ask(trained["blend"].blend_weights)
    assert answer.parts == tuple(trained["blend"].parts)
    assert answer.seeds.tolist() == [0, 2, 4]
    assert answer.weights.shape == (3, 5)
    assert answer.weights.sum(dim=1).tolist() == approx([1, 1, 1])


ABILITIES = {
    HasItemFactors: set(),
    HasNeighbours: {"nearest_mean", "nearest_each"},
    HasBlendWeights: {"blend"},
    PredictsCooccurrence: {"net", "net_as_published"},
    RecordsProgress: {"net", "net_as_published"},
    FoldsIn: set(MODELS),
}


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.__name__)
def test_a_model_has_the_abilities_of_its_own(ability: type, trained: dict[str, Ranker]) -> None:
    having = {name for name, model in trained.items() if isinstance(model, ability)}
    assert having == ABILITIES[ability]


def _without_sounds(**changes: Tensor) -> None:
    fit(NearestFeatures(**SIZES), halves()[0], **changes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NearestFeatures(**SIZES, query="far"), "must be mean or nearest, got 'far'"),
        (lambda: NearestFeatures(**SIZES, features=["x"]), "model.features: 'x' is given; choose"),
        (lambda: NearestFeatures(**SIZES, features=[]), "model.features: none is given"),
        (lambda: NearestFeatures(**SIZES, scaling="row"), "must be none or standard, got 'row'"),
        (lambda: ClusterMembers(**SIZES, members="x"), "must be test or all, got 'x'"),
        (lambda: ClusterMembers(**SIZES, train_share=1), "must be between 0 and 1, got 1"),
        (lambda: CooccurrenceNet(10, 10**7), r"10000000 weights would take 37.3 GiB, more than"),
        (lambda: Blend(**SIZES, parts=["fame"]), r"model.parts: \['fame'\]; choose of popularity"),
        (lambda: Blend(**SIZES, parts=[]), "model.parts: none; choose of popularity"),
        (lambda: Blend(**SIZES, parts=["wmf"] * 2), r"model.parts=\[wmf,wmf\]: each part once is"),
        (lambda: Blend(**SIZES, seed_counts=[]), "model.seed_counts: none is given"),
        (
            lambda: Blend(**SIZES, options={"wmf": {"n_factors": 999}}),
            "^model.options.wmf.n_factors must be 1 to",
        ),
        (lambda: Blend(**SIZES, step=0.3), "model.step must divide 1, e.g. 0.25; got 0.3"),
        (
            lambda: _without_sounds(features=torch.full((N_ITEMS, 13), torch.nan)),
            "no track has all of danceability, .* put track_features.csv beside the playlists",
        ),
        (
            lambda: NearestFeatures(**SIZES).learn_sounds(train_batch(halves()[0])),
            "this model needs tracks with audio features",
        ),
        (
            lambda: Titles(**SIZES).training_step(train_batch(halves()[0]), 0),
            "this model needs playlists with titles",
        ),
        (
            lambda: fit(ClusterMembers(**SIZES, n_clusters=40), halves()[0]),
            r"40 clusters of \d\d train tracks",
        ),
    ],
)
def test_a_wrong_argument_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize("name", ["nearest_features", "cluster_members", "cooccurrence_net"])
def test_the_configuration_holds_the_constructor_s_own_defaults(name: str) -> None:
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    parameters = inspect.signature(get_class(config.pop("_target_"))).parameters
    for key, value in config.items():
        default = parameters[key].default
        default = list(default) if isinstance(default, tuple) else default
        assert value in (default, "${seed}"), key
    offered = {"self", "n_users", "n_items", "cutoffs", "n_top"}
    assert parameters.keys() - config.keys() <= offered
