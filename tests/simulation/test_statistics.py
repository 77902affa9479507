import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.simulation.statistics import HETREC, MUSO, gini, statistics_table, transitivity
from muso_exp.simulation.world import simulate_world


def test_gini_is_zero_among_equals_and_nears_one_where_one_has_all() -> None:
    assert gini(np.array([5, 5, 5])) == 0
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(3 / 4)
    assert gini(np.array([1, 3])) == pytest.approx(1 / 4)


def test_gini_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one positive value"):
        gini(np.zeros(3))


def test_transitivity_counts_closed_pairs_of_friends() -> None:
    triangle_with_tail = np.zeros((4, 4), dtype=np.int8)
    for a, b in [(0, 1), (1, 2), (0, 2), (2, 3)]:
        triangle_with_tail[a, b] = triangle_with_tail[b, a] = 1
    assert transitivity(csr_matrix(triangle_with_tail)) == pytest.approx(3 / (1 + 1 + 3))
    assert transitivity(csr_matrix((3, 3))) == 0


def test_every_real_statistic_has_a_simulated_one() -> None:
    table = statistics_table(simulate_world(n_users=400, n_artists=2000, n_genres=6))
    assert set(table["statistic"]) == {*HETREC, *MUSO}
    assert table["simulated"].notna().all()


def test_a_world_too_small_for_the_chains_has_no_chain_statistics() -> None:
    table = statistics_table(simulate_world(n_users=60, n_artists=500, n_genres=3))
    missing = table.loc[table["simulated"].isna(), "statistic"]
    assert set(missing) >= {"chain of 101: median DOS", "unknown plays of test users: tags"}
    assert "friends per user, mean" not in set(missing)


def test_the_default_world_is_close_to_hetrec() -> None:
    table = statistics_table(simulate_world()).set_index("statistic")
    near = {
        "friends per user, mean": 0.5,
        "friends per user, Gini": 0.05,
        "users at distance 2": 0.03,
        "users at distance 3": 0.05,
        "users at distance 4": 0.05,
        "users out of reach": 0.01,
        "friend AUC of the taste cosine": 0.05,
        "rank correlation of taste cosine and distance": 0.1,
        "chain of 101: rank correlation of taste cosine and DOS": 0.1,
    }
    for name, tolerance in near.items():
        assert table.loc[name, "simulated"] == pytest.approx(HETREC[name], abs=tolerance), name
