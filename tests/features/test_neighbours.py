"""Items nearest to an item by the cosine of their factors."""

import numpy as np
import pytest

from muso_exp.features.neighbours import nearest


def test_neighbours_come_by_cosine_the_query_first() -> None:
    vectors = np.array([[1.0, 0.0], [2.0, 2.0], [0.0, -3.0]])
    found = nearest(vectors, 1, k=3)
    assert [item for item, _ in found] == [1, 0, 2]
    assert [score for _, score in found] == pytest.approx([1, 2**-0.5, -(2**-0.5)])


def test_an_item_without_factors_is_like_nothing_but_itself() -> None:
    assert nearest(np.array([[0.0, 0.0], [1.0, 0.0]]), 0, k=2) == [(0, 1.0), (1, 0.0)]
