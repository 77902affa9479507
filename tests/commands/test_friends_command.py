"""Friends that a finished run suggests, and how well two users fit, from its checkpoint alone."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir

from muso_exp.errors import DataFormatError
from muso_exp.run import run
from muso_exp.tasks.friendship.friend_search import FriendSearch, People
from muso_exp.trained import apply, find_trained, load_trained

CONF = str(REPOSITORY / "conf")


def finish(outputs: Path, *overrides: str) -> Path:
    places = [f"paths.outputs={outputs}", f"paths.run={outputs / 'run'}"]
    fixed = ["scale=smoke", "resamples=20", "logger=none", "callbacks.progress=null"]
    with initialize_config_dir(CONF, version_base="1.3"):
        run(compose("config", [*overrides, *fixed, *places]))
    return outputs / "run"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A run of the fusion on a copy of the simulated files, which are gone afterwards."""
    outputs = tmp_path_factory.mktemp("outputs")
    options = [f"paths.cache={outputs / 'cache'}", "variant=friend_fusion"]
    folder = finish(outputs, "+experiment=friend_prediction", *options)
    shutil.rmtree(outputs / "cache")
    return folder


@pytest.fixture(scope="module")
def search(finished: Path) -> FriendSearch:
    data, model = load_trained(find_trained(str(finished)))
    return FriendSearch(data.people, model)


def user_with_friends(people: People) -> int:
    return int(np.argmax(people.network.degrees))


def test_suggestions_are_no_friends_yet_best_first(search: FriendSearch) -> None:
    people = search.people
    user = user_with_friends(people)
    found = search.suggest(user, 10)
    known = {people.users[other] for other in people.network.friends[user].indices}
    assert len(found) == 10 and found["user"].nunique() == 10
    assert not known & set(found["user"]) and people.users[user] not in set(found["user"])
    assert found["score"].is_monotonic_decreasing and found["percentile"].is_monotonic_decreasing
    assert found["percentile"].between(50, 100).all()


def test_paths_lead_over_friends(search: FriendSearch) -> None:
    people = search.people
    user = user_with_friends(people)
    for path, other in search.suggest(user, 10)[["path", "user"]].itertuples(index=False):
        steps = [people.number(name) for name in path.split(" - ")] if path else []
        assert not steps or (steps[0], people.users[steps[-1]]) == (user, other)
        assert all(people.network.friends[a, b] for a, b in itertools.pairwise(steps))


def test_shared_items_are_played_by_both(search: FriendSearch) -> None:
    people = search.people
    items = {name: place for place, name in enumerate(people.items)}
    for one, other in ((0, 1), (2, 30)):
        for name in filter(None, search.shared_items(one, other).split(", ")):
            assert people.network.plays[one, items[name]] > 0
            assert people.network.plays[other, items[name]] > 0


def test_a_pair_of_friends_is_scored_as_if_they_were_none(search: FriendSearch) -> None:
    people = search.people
    user = user_with_friends(people)
    friend = int(people.network.friends[user].indices[0])
    facts = search.compatibility(user, friend).set_index("")["value"]
    pair = np.array([[user, friend]])
    apart = FriendSearch(
        People(
            people.users, people.network.without(pair), people.items, people.item_tags, people.tags
        ),
        search.model,
    )
    expected = apart.score_rows(np.array([user]))[0, friend]
    assert facts["score"] == f"{float(expected):.4g}"
    assert facts["friends"] == "yes; scored as if they were none"


def test_both_commands_answer(call: callable, finished: Path, search: FriendSearch) -> None:
    name, other = search.people.users[3], search.people.users[5]
    status, out, err = call("friends", str(finished), name, "-n", "4")
    assert status == 0, err
    assert f"friends for {name}" in out and "percentile" in out
    status, out, err = call("compatibility", str(finished), name, other)
    assert status == 0, err
    assert "percentile among all pairs" in out and "shared tags" in out


def test_somebody_new_gets_friends_by_their_listening(
    call: callable, finished: Path, search: FriendSearch, tmp_path: Path
) -> None:
    likeness = search.people.network.plays[7]
    names = [search.people.items[item] for item in likeness.indices]
    rows = list(zip(names, likeness.data.astype(int), strict=True))
    history, out = tmp_path / "mine.csv", tmp_path / "found.csv"
    pd.DataFrame(rows, columns=["artist", "plays"]).to_csv(history, index=False)
    status, printed, err = call("friends", str(finished), str(history), "--out", str(out))
    assert status == 0, err
    assert "friends for you" in printed
    found = pd.read_csv(out)
    assert len(found) == 10 and found["path"].isna().all()
    predicted = apply(*load_trained(find_trained(str(finished))), history)
    assert predicted["user"].tolist()[:10] == found["user"].astype(str).tolist()


def test_unknown_users_and_other_runs_are_refused_in_one_line(
    call: callable, finished: Path, search: FriendSearch, tmp_path: Path
) -> None:
    near = search.people.users[-1] + "0"
    status, _, err = call("friends", str(finished), near)
    assert (status, err.count("\n")) == (2, 1) and "did you mean" in err
    status, _, err = call("compatibility", str(finished), "1", "1")
    assert (status, err.count("\n")) == (2, 1)
    strange = tmp_path / "strange.txt"
    strange.write_text("no such artist at all\n")
    status, _, err = call("friends", str(finished), str(strange))
    assert (status, err.count("\n")) == (1, 1) and "none of the 1 seeds" in err
    status, _, err = call("friends", str(tmp_path), "x")
    assert (status, err.count("\n")) == (1, 1)


@pytest.fixture(scope="module")
def document_one(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    outputs = tmp_path_factory.mktemp("document_one")
    return finish(outputs, "+experiment=dos_classifier", f"paths.cache={cache}")


def listening(cache: Path) -> dict:
    path = next(iter(sorted(cache.glob("muso-*/test_listening.json"))))
    return json.loads(path.read_text())


def test_document_ones_net_predicts_a_pair_and_suggests_friends(
    document_one: Path, cache: Path, tmp_path: Path
) -> None:
    data, model = load_trained(find_trained(str(document_one)))
    users = dict(list(listening(cache).items())[:2])
    path = tmp_path / "pair.json"
    path.write_text(json.dumps(users))
    found = apply(data, model, path)
    assert found.loc[0, ["user_a", "user_b"]].tolist() == list(users)
    assert len(found) == 1 + 2 * len(data.train_listeners.users)
    for _, rows in found[1:].groupby("user_a"):
        assert rows["friend_score"].dropna().is_monotonic_decreasing
    tested = pd.read_parquet(document_one / "predictions.parquet").set_index(["user_a", "user_b"])
    same = tested.loc[tuple(users)] if tuple(users) in tested.index else None
    if same is not None and not pd.isna(found.loc[0, "predicted_dos"]):
        assert found.loc[0, "friend_score"] == pytest.approx(same["friend_score"], abs=0.2)


def test_a_run_of_another_experiment_is_refused(call: callable, document_one: Path) -> None:
    status, _, err = call("friends", str(document_one), "somebody")
    assert (status, err.count("\n")) == (2, 1)
    assert "no friends to suggest; give a run of +experiment=friend_prediction" in err


def test_listening_that_the_net_cannot_use_is_refused(
    document_one: Path, cache: Path, tmp_path: Path
) -> None:
    data, _ = load_trained(find_trained(str(document_one)))
    keys = ("top_artists", "top_albums", "top_tracks", "top_tags")
    user = {key: {"unheard of": 3} for key in keys}
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"somebody": user}))
    with pytest.raises(DataFormatError, match=r"user 'somebody' plays nothing that the run knows"):
        data.read_new(path)
    path.write_text(json.dumps({"somebody": {"top_artists": {"x": 1}}}))
    with pytest.raises(DataFormatError, match=r"the category is missing"):
        data.read_new(path)
