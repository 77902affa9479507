import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features.networks import (
    Network,
    all_pair_scores,
    as_tensors,
    edges,
    friendships,
    pair_columns,
    pair_scores,
    read_network,
)

PAIRS = np.array([[0, 1], [1, 2], [2, 3], [0, 3], [1, 3]])


@pytest.fixture
def network() -> Network:
    plays = csr_matrix(np.array([[3, 0], [1, 2], [0, 5], [0, 0]], dtype=np.float32))
    return Network(friendships(PAIRS, 4), plays)


def test_a_friendship_stands_in_both_directions(network: Network) -> None:
    assert network.friends.toarray().tolist() == [
        [0, 1, 0, 1],
        [1, 0, 1, 1],
        [0, 1, 0, 1],
        [1, 1, 1, 0],
    ]
    assert network.degrees.tolist() == [2, 3, 2, 3]
    assert edges(network).tolist() == [[0, 1], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_removed_friendships_are_gone_whichever_way_they_are_named(network: Network) -> None:
    left = network.without(np.array([[3, 0], [1, 2]]))
    assert edges(left).tolist() == [[0, 1], [1, 3], [2, 3]]
    assert left.plays is network.plays


def test_a_new_listener_is_last_and_has_no_friends(network: Network) -> None:
    more = network.with_listener(csr_matrix(np.array([[0.0, 7.0]])))
    assert more.n_users == 5 and more.degrees.tolist() == [2, 3, 2, 3, 0]
    assert more.plays.toarray()[4].tolist() == [0, 7]


def test_a_network_survives_its_tensors(network: Network) -> None:
    again = read_network(as_tensors(network))
    assert (again.friends != network.friends).nnz == (again.plays != network.plays).nnz == 0


def test_scores_of_pairs_are_cells_of_all_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muso_exp.features.networks.BLOCK_CELLS", 100)  # 3 users a block
    rng = np.random.default_rng(0)
    table = rng.random((30, 30)).astype(np.float32)
    pairs = rng.integers(0, 30, (200, 2))
    assert (all_pair_scores(lambda users: table[users], 30) == table).all()
    found = pair_scores(lambda users: table[users], pairs, 30)
    assert (found == table[pairs[:, 0], pairs[:, 1]]).all()
    both = pair_columns(lambda users: [table[users], -table[users]], pairs, 30)
    assert (both == np.stack([found, -found])).all()
