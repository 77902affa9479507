import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.simulation.top_lists import top_lists, top_tags

PLAYS = csr_matrix(np.array([[3, 0, 7, 3], [0, 0, 0, 0], [1, 2, 3, 4]]))


def test_lists_run_from_the_most_played_down_and_ties_by_number() -> None:
    items, plays = top_lists(PLAYS, 4).of(0)
    assert items.tolist() == [2, 0, 3]
    assert plays.tolist() == [7, 3, 3]


def test_lists_end_after_k_items() -> None:
    assert top_lists(PLAYS, 2).of(2)[0].tolist() == [3, 2]


def test_a_user_without_plays_has_an_empty_list() -> None:
    assert top_lists(PLAYS, 2).of(1)[0].tolist() == []


def test_tags_sum_weight_times_plays_in_the_order_they_are_met() -> None:
    tags = csr_matrix(np.array([[100, 20, 0], [0, 0, 0], [0, 50, 100], [0, 0, 0]]))
    weights = top_tags(top_lists(PLAYS, 4), tags, 0, 3)
    assert list(weights.items()) == [(2, 7 * 100), (1, 7 * 50 + 3 * 20), (0, 3 * 100)]


def test_the_first_k_tags_met_are_kept_not_the_heaviest() -> None:
    tags = csr_matrix(np.array([[0, 0, 0], [0, 0, 0], [9, 8, 0], [0, 0, 100]]))
    assert list(top_tags(top_lists(PLAYS, 4), tags, 0, 2)) == [0, 1]


def test_only_the_first_ten_artists_give_tags() -> None:
    plays = csr_matrix(np.arange(11, 0, -1)[None, :])
    tags = csr_matrix(np.eye(11, dtype=int))
    assert list(top_tags(top_lists(plays, 11), tags, 0, 100)) == list(range(10))
