from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_friends import friends, write_network

from muso_exp.features.networks import FRIENDS, RANDOM
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.adamic_adar import AdamicAdar
from muso_exp.models.taste_cosine import TasteCosine
from muso_exp.tasks.base import Answer, NotAnsweredError
from muso_exp.tasks.friendship.baselines import GRAPH_ALONE
from muso_exp.tasks.friendship.graph_comparison import Beside, beside_graph
from muso_exp.tasks.friendship.task import Friendship


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Friendship:
    return friends(write_network(tmp_path_factory.mktemp("n"), 120), cutoffs=[10]).task


def test_both_users_of_a_pair_are_its_units(task: Friendship) -> None:
    assert task.units.shape == (len(task.target), 2)
    assert (task.units == task.network.test.pairs).all()


def test_one_score_for_all_pairs_is_a_coin(task: Friendship) -> None:
    ones = torch.ones(1, len(task.target), dtype=torch.float64)
    columns = {**task.nulls()["random"], "target": task.target}
    for name, metric in task.metrics().items():
        expected = 0.5 if name.startswith("auc") else 1 / 4  # three others for one friendship
        assert metric.score(ones, **columns)[0] == pytest.approx(expected)


def test_the_null_models_of_both_tests_have_the_same_names(task: Friendship) -> None:
    (suggestions,) = task.extra
    assert (
        set(task.nulls()) == set(suggestions.nulls()) == {"random", "degree_product", GRAPH_ALONE}
    )


def test_no_known_friend_is_a_candidate_and_each_held_out_one_is(task: Friendship) -> None:
    (suggestions,) = task.extra
    held = task.network.test.friends
    assert suggestions.users.tolist() == np.unique(held).tolist()
    assert int(suggestions.target.sum()) == 2 * len(held)
    columns = suggestions.ask(AdamicAdar())
    assert columns["hit_rate_at_10"].shape == (len(suggestions.users),)
    # the held-out friends themselves, as a score, are found at once
    perfect = suggestions._columns(
        lambda users: suggestions.held[np.searchsorted(suggestions.users, users)].toarray()
    )
    assert (perfect["auc"] == 1).all() and (perfect["hit_rate_at_10"] == 1).all()


def test_a_model_that_scores_no_users_is_not_asked(task: Friendship) -> None:
    (suggestions,) = task.extra
    with pytest.raises(NotAnsweredError, match=r"the model scores no user with all users"):
        suggestions.ask(torch.nn.Linear(1, 1))


def compared(model: np.ndarray, graph: np.ndarray) -> Beside:
    target = torch.tensor([FRIENDS, RANDOM] * 100)
    units = np.arange(400).reshape(200, 2)
    both = [
        {name: torch.from_numpy(scores) for name in ("affinity", "matched_affinity")}
        for scores in (model, graph)
    ]
    weights = Bootstrap(200).weights(units)
    return beside_graph(*both, target, weights)[0]


def test_what_helps_harms_or_adds_nothing_is_said() -> None:
    rng = np.random.default_rng(0)
    truth, noise = np.tile([1.0, 0.0], 100), rng.normal(size=200)
    good, bad = truth + 0.5 * noise, 0.2 * truth + noise
    assert compared(good, bad).answer == "helps"
    assert compared(bad, good).answer == "is worse"
    assert compared(good, good + 1e-9).answer == "adds nothing that this test could show"


def test_the_audit_says_whether_taste_helps(task: Friendship) -> None:
    own = TasteCosine(weight="binary").row_scores(task.network.known)
    pairs = task.network.test.pairs
    score = torch.from_numpy(own(pairs[:, 0])[np.arange(len(pairs)), pairs[:, 1]])
    answer = Answer(None, {"affinity": score, "matched_affinity": score}, Bootstrap(50))
    finding = task.audit(answer)[-1]
    assert finding.check == "taste_beyond_graph" and finding.text.startswith("Does taste help?")
    section = next(iter(task.sections(task.predictions(answer.columns), answer)))
    assert section.name == "taste_helps" and len(section.table) == 2


def test_predictions_name_each_pair_and_what_it_is(task: Friendship) -> None:
    table = task.predictions(task.nulls()["random"])
    assert list(table) == ["user_a", "user_b", "kind", "affinity", "matched_affinity"]
    assert table["kind"].value_counts().to_dict() == {
        "friends": (task.target == FRIENDS).sum(),
        "random": 3 * (task.target == FRIENDS).sum(),
        "matched": 3 * (task.target == FRIENDS).sum(),
    }


def test_hypotheses_are_further_tests_where_asked_for(tmp_path: Path) -> None:
    task = friends(write_network(tmp_path, 120), hypotheses=True).task
    _, distance, popular = task.extra
    model = TasteCosine(weight="binary")
    columns = distance.ask(model)
    assert len(columns["similarity"]) == len(distance.target) and (distance.target > 0).all()
    ones = torch.ones(1, len(distance.target), dtype=torch.float64)
    trend = distance.metrics()["taste_by_distance"].score(ones, **columns, target=distance.target)
    assert trend[0] < -0.1  # two circles of taste, friends within them
    answer = Answer(model, columns, Bootstrap(50))
    (section,) = distance.sections(answer)
    assert "from 1 to 2 it falls" in section.text and section.figure()
    closer = popular.ask(model)
    assert (closer["closeness"].mean() > 0) and len(popular.target) == len(closer["similarity"])
    (section,) = popular.sections(Answer(model, closer, Bootstrap(50)))
    assert section.table["users"].sum() == len(popular.target)
