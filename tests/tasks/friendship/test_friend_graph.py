"""The graph around a user: 0 - 1 - 2 - 3 in a row, 0 - 4, and 5 alone."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.networks import Network, friendships
from muso_exp.tasks.friendship import friend_graph
from muso_exp.tasks.friendship.friend_graph import friends_around
from muso_exp.tasks.friendship.friend_search import FriendSearch, People

PAIRS = np.array([[0, 1], [1, 2], [2, 3], [0, 4]])


@pytest.fixture
def search() -> FriendSearch:
    network = Network(friendships(PAIRS, 6), csr_matrix((6, 2), dtype=np.float32))
    nothing = csr_matrix((2, 0))
    return FriendSearch(People(list("abcdef"), network, ["x", "y"], nothing, []), None)


def test_friends_suggestions_and_those_between_are_drawn(search: FriendSearch) -> None:
    graph = friends_around(search, 0, [3])
    assert dict(zip(graph.nodes["name"], graph.nodes["distance"], strict=True)) == {
        "a": 0, "b": 1, "c": 2, "d": 3, "e": 1,
    }  # fmt: skip
    assert graph.nodes.set_index("name")["suggested"].to_dict()["d"]
    whole = graph.edges[~graph.edges["suggested"]][["one", "other"]].to_numpy().tolist()
    assert sorted(whole) == [[0, 1], [0, 4], [1, 2], [2, 3]]
    assert graph.edges[graph.edges["suggested"]].values.tolist() == [[0, 3, True]]


def test_somebody_without_a_path_stands_apart(search: FriendSearch) -> None:
    nodes = friends_around(search, 0, [5]).nodes.set_index("name")
    assert nodes["distance"]["f"] == -1


def test_of_many_friends_those_with_most_friends_are_drawn(
    search: FriendSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(friend_graph, "MOST_FRIENDS", 1)
    graph = friends_around(search, 0, [])
    assert graph.nodes["name"].tolist() == ["a", "b"] and graph.n_left_out == 1


def test_a_user_that_is_not_there_is_refused_with_names_that_are(search: FriendSearch) -> None:
    people = People(["anna", "Bob", *"cdef"], search.people.network, ["x"], csr_matrix((1, 0)), [])
    with pytest.raises(ConfigError, match=r"no user 'Ana' among the 6 .*; did you mean anna"):
        people.number("Ana")
    with pytest.raises(ConfigError, match=r"'zzz' .*; give a name as in its data, such as anna, B"):
        people.number("zzz")
