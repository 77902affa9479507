import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features import graph_scores as scores
from muso_exp.features.networks import all_pair_scores, friendships

# 0 - 1 - 2 - 3 with 1 - 3, and 4 alone.
PAIRS = np.array([[0, 1], [1, 2], [2, 3], [1, 3]])


@pytest.fixture
def friends() -> csr_matrix:
    return friendships(PAIRS, 5)


@pytest.fixture(scope="module")
def random_graph() -> nx.Graph:
    return nx.gnp_random_graph(40, 0.15, seed=3)


def adjacency(graph: nx.Graph) -> csr_matrix:
    return friendships(np.array(graph.edges), len(graph))


def test_preferential_attachment_by_hand(friends: csr_matrix) -> None:
    table = all_pair_scores(scores.preferential_attachment(friends), 5)
    assert table[0, 1] == pytest.approx(np.log((1 + 1) * (3 + 1)))
    assert table[4, 4] == 0 and (table == table.T).all()


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        ("count", 1),
        ("adamic_adar", 1 / np.log(3)),
        ("resource_allocation", 1 / 3),
        ("jaccard", 1 / (1 + 2 - 1)),
    ],
)
def test_common_friends_by_hand(friends: csr_matrix, weight: str, expected: float) -> None:
    table = all_pair_scores(scores.common_friends(friends, weight), 5)
    assert table[0, 2] == pytest.approx(expected)  # user 1 with three friends
    assert table[0, 4] == 0 and table == pytest.approx(table.T)


@pytest.mark.parametrize(
    ("weight", "reference"),
    [
        ("adamic_adar", nx.adamic_adar_index),
        ("resource_allocation", nx.resource_allocation_index),
        ("jaccard", nx.jaccard_coefficient),
    ],
)
def test_common_friends_agree_with_networkx(
    random_graph: nx.Graph, weight: str, reference: callable
) -> None:
    table = all_pair_scores(scores.common_friends(adjacency(random_graph), weight), 40)
    for one, other, value in reference(random_graph):
        assert table[one, other] == pytest.approx(value, abs=1e-6)


def test_pagerank_agrees_with_networkx(random_graph: nx.Graph) -> None:
    score = scores.personalised_pagerank(adjacency(random_graph), restart=0.15, steps=200)
    table = all_pair_scores(score, 40)
    for user in (0, 7):
        walk = nx.pagerank(random_graph, 0.85, personalization={user: 1}, tol=1e-12)
        for other in (3, 21):
            back = nx.pagerank(random_graph, 0.85, personalization={other: 1}, tol=1e-12)
            assert table[user, other] == pytest.approx(walk[other] + back[user], abs=1e-5)


def test_katz_agrees_with_the_inverse(random_graph: nx.Graph) -> None:
    friends = adjacency(random_graph)
    normal = scores.normalised(friends).toarray()
    expected = np.linalg.inv(np.eye(40) - 0.5 * normal) - np.eye(40)
    found = all_pair_scores(scores.normalised_katz(friends, 0.5, 40), 40)
    assert found == pytest.approx(expected, abs=1e-5)


def test_paths_of_one_length_are_powers(random_graph: nx.Graph) -> None:
    friends = adjacency(random_graph)
    normal = scores.normalised(friends).toarray()
    found = scores.normalised_paths(friends, [0.5], 5, lengths=[2, 3])(np.arange(40))
    assert found[1] == pytest.approx(normal @ normal, abs=1e-6)
    assert found[2] == pytest.approx(normal @ normal @ normal, abs=1e-6)


def test_a_full_spectral_embedding_is_the_adjacency(random_graph: nx.Graph) -> None:
    friends = adjacency(random_graph)
    table = all_pair_scores(scores.spectral_embedding(friends, 38), 40)
    values = np.linalg.eigvalsh(scores.normalised(friends).toarray())
    lost = np.abs(values[:2]).sum()  # the two smallest of 40 are left out
    assert np.abs(table - scores.normalised(friends).toarray()).max() < lost


def test_clustering_agrees_with_networkx(random_graph: nx.Graph) -> None:
    expected = [value for _, value in sorted(nx.clustering(random_graph).items())]
    assert scores.clustering(adjacency(random_graph)) == pytest.approx(expected)
