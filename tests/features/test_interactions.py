import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import (
    dense_core,
    draw_entries,
    keep_entries,
    merge_items,
    sum_plays,
)


def random_plays(n_users: int = 40, n_items: int = 30, seed: int = 0) -> csr_matrix:
    rng = np.random.default_rng(seed)
    plays = csr_matrix(rng.poisson(0.5, size=(n_users, n_items)))
    plays.sort_indices()
    return plays


def test_repeated_cells_are_added_up() -> None:
    plays = sum_plays(np.array([0, 1, 0]), np.array([2, 0, 2]), np.array([3, 1, 4]), 2, 3)
    assert plays.toarray().tolist() == [[0, 0, 7], [1, 0, 0]]


@pytest.mark.parametrize(
    ("users", "items", "plays", "message"),
    [
        ([2], [0], [1], "user numbers must be 0..1"),
        ([0], [3], [1], "item numbers must be 0..2"),
        ([0], [-1], [1], "item numbers must be 0..2"),
        ([0], [0], [0], "plays must be >= 1, got 0"),
    ],
)
def test_cells_outside_the_matrix_are_refused(
    users: list, items: list, plays: list, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sum_plays(np.array(users), np.array(items), np.array(plays), 2, 3)


def test_merging_adds_columns_and_keeps_the_total() -> None:
    plays = csr_matrix([[1, 2, 3], [0, 5, 0]])
    merged = merge_items(plays, np.array([0, 1, 0]), 2)
    assert merged.toarray().tolist() == [[4, 2], [0, 5]]
    assert plays.toarray().tolist() == [[1, 2, 3], [0, 5, 0]]


def test_the_core_drops_what_falls_below_after_others_fell() -> None:
    # item 2 has one user and falls; user 1 then has one item and falls; item 1 then has one user
    plays = csr_matrix([[1, 1, 0], [0, 1, 1], [1, 0, 0]])
    users, items = dense_core(plays, 1, 2)
    assert users.tolist() == [0, 1, 2]
    assert items.tolist() == [0, 1]
    users, items = dense_core(plays, 2, 2)
    assert (users.tolist(), items.tolist()) == ([], [])


def test_every_user_and_item_of_the_core_has_enough() -> None:
    plays = random_plays()
    users, items = dense_core(plays, 8, 12)
    heard = plays[users][:, items] > 0
    assert heard.sum(axis=1).min() >= 8
    assert heard.sum(axis=0).min() >= 12


def test_a_quarter_of_each_users_items_is_drawn() -> None:
    plays = random_plays()
    drawn = keep_entries(plays, draw_entries(plays, 0.25, seed=3))
    sizes, taken = np.diff(plays.indptr), np.diff(drawn.indptr)
    assert np.abs(taken - sizes / 4).max() <= 0.5 + 1e-9 or (taken == 1).any()
    assert (taken < sizes).all()


def test_users_of_one_item_keep_it_and_of_two_give_one() -> None:
    plays = csr_matrix([[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    drawn = keep_entries(plays, draw_entries(plays, 0.01, seed=0))
    assert np.diff(drawn.indptr).tolist() == [0, 1, 0]


def test_a_draw_and_its_rest_are_the_whole() -> None:
    plays = random_plays()
    drawn = draw_entries(plays, 0.3, seed=1)
    whole = keep_entries(plays, drawn) + keep_entries(plays, ~drawn)
    assert (whole != plays).nnz == 0


def test_nothing_is_drawn_for_a_share_of_zero() -> None:
    assert not draw_entries(random_plays(), 0.0, seed=0).any()


def test_the_draw_depends_on_the_seed_alone() -> None:
    plays = random_plays()
    first, again, other = (draw_entries(plays, 0.5, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_outside_zero_to_one_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share must be >= 0 and < 1"):
        draw_entries(random_plays(), share, seed=0)
