"""Cosines of vectors, and where one lies among those of all pairs."""

import numpy as np
from pytest import approx

from muso_exp.features.likeness import MOST_ROWS, cosines, pair_cosines, percentiles


def test_cosines_are_those_of_the_angles_and_a_zero_row_has_none() -> None:
    found = cosines(np.array([[2.0, 0], [0, 0]]), np.array([[1.0, 0], [1, 1], [-3, 0]]))
    assert found.tolist() == [approx([1, 0.5**0.5, -1]), [0, 0, 0]]


def test_every_pair_of_different_rows_counts_once() -> None:
    found = pair_cosines(np.array([[1.0, 0], [0, 1], [1, 1]]))
    assert found.tolist() == approx([0, 0.5**0.5, 0.5**0.5])


def test_of_many_rows_a_sample_is_compared() -> None:
    vectors = np.random.default_rng(0).normal(size=(MOST_ROWS + 5, 2)).astype(np.float32)
    assert len(pair_cosines(vectors)) == MOST_ROWS * (MOST_ROWS - 1) // 2


def test_percentiles_count_ties_half() -> None:
    assert percentiles(np.array([0.0, 1, 2, 3]), np.array([1.0, 2, 2, 2])).tolist() == [
        *(0, 12.5, 62.5, 100)
    ]
    assert percentiles(np.array([1.0]), np.array([])).tolist() == [0]
