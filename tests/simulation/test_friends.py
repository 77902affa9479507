import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features.graph import bfs_distances
from muso_exp.simulation.friends import make_friends

N_USERS = 400


def friendships(**changes: float) -> csr_matrix:
    rng = np.random.default_rng(0)
    factors, sociability = rng.normal(size=(N_USERS, 2)), rng.lognormal(0, 0.5, N_USERS)
    options = {"mean_degree": 8, "homophily": 1, "closure": 0.3, "secluded": 0.0, **changes}
    return make_friends(factors, sociability, rng=np.random.default_rng(1), **options)


def test_friendship_is_mutual_and_never_with_oneself() -> None:
    friends = friendships()
    assert (friends != friends.T).nnz == 0
    assert friends.diagonal().sum() == 0
    assert set(friends.data) == {1}


def test_the_mean_number_of_friends_is_as_asked() -> None:
    assert friendships().sum(dtype=int) / N_USERS == pytest.approx(8, rel=0.05)


def test_users_outside_closed_circles_all_reach_each_other() -> None:
    assert bfs_distances(friendships()).min() == 0


def test_closed_circles_have_two_to_five_members_and_nobody_is_alone() -> None:
    reached = (bfs_distances(friendships(secluded=0.05)) >= 0).sum(axis=1)
    small = reached[reached < N_USERS // 2]
    assert len(small) == N_USERS // 20
    assert small.min() >= 2 and small.max() <= 5


def test_homophily_makes_friends_alike() -> None:
    factors = np.random.default_rng(0).normal(size=(N_USERS, 2))

    def gap(friends: csr_matrix) -> float:
        pairs = friends.tocoo()
        return ((factors[pairs.row] - factors[pairs.col]) ** 2).sum(axis=1).mean()

    blind, choosy = (gap(friendships(homophily=h, closure=0)) for h in (0, 2))
    assert choosy < blind / 3


def test_meeting_through_friends_closes_triangles() -> None:
    def triangles(friends: csr_matrix) -> int:
        wide = friends.astype(int)
        return int((wide @ wide).multiply(wide).sum()) // 6

    assert triangles(friendships(closure=0.8)) > 2 * triangles(friendships(closure=0))


def test_popular_users_gain_more_friends() -> None:
    degree = np.sort(np.diff(friendships(homophily=0).indptr))
    assert degree[-N_USERS // 10 :].sum() > 3 / 10 * degree.sum()
