"""Items nearest to an item by the cosine of their factors."""

import numpy as np
import pytest

from muso_exp.features.neighbours import (
    equal_rows,
    expected_share,
    nearest,
    order_of_nearest,
)


def test_neighbours_come_by_cosine_the_query_first() -> None:
    vectors = np.array([[1.0, 0.0], [2.0, 2.0], [0.0, -3.0]])
    found = nearest(vectors, 1, k=3)
    assert [item for item, _ in found] == [1, 0, 2]
    assert [score for _, score in found] == pytest.approx([1, 2**-0.5, -(2**-0.5)])


def test_an_item_without_factors_is_like_nothing_but_itself() -> None:
    assert nearest(np.array([[0.0, 0.0], [1.0, 0.0]]), 0, k=2) == [(0, 1.0), (1, 0.0)]


def test_a_share_of_tied_items_is_the_mean_over_their_orders() -> None:
    likeness, marked = np.array([3, 1, 1, 1, 0]), np.array([True, True, False, False, True])
    assert expected_share(likeness, marked, 1) == 1
    assert expected_share(likeness, marked, 2) == pytest.approx((1 + 1 / 3) / 2)
    assert expected_share(likeness, marked, 4) == pytest.approx(2 / 4)
    assert expected_share(likeness, marked, 9) == pytest.approx(3 / 5)  # there are but five
    assert expected_share(np.zeros(5), marked, 2) == pytest.approx(3 / 5)


def test_shown_ties_have_the_order_of_the_seed_not_of_the_rows() -> None:
    likeness = np.zeros(200)
    likeness[77] = 1
    orders = [order_of_nearest(likeness, 20, seed).tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert all(order[0] == 77 and max(order) > 100 for order in orders)


def test_rows_that_agree_to_six_digits_are_one() -> None:
    units = np.array([[1.0, 0.0], [0.6, 0.8], [1.0 - 1e-9, -1e-9]])
    rows, place = equal_rows(units)
    assert len(rows) == 2 and place[0] == place[2] != place[1]
    assert rows[place] == pytest.approx(units, abs=1e-6)
