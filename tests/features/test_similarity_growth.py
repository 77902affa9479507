"""Similarity of items by growing numbers of users."""

import numpy as np
import pytest
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.features.similarity_growth import similarity_by_users


def plays(seed: int = 0) -> csr_matrix:
    """Users of two tastes over 40 items."""
    rng = np.random.default_rng(seed)
    same = (np.arange(200)[:, None] + np.arange(40)) % 2 == 0
    return csr_matrix(rng.random((200, 40)) < np.where(same, 0.5, 0.05), dtype=np.float32)


def test_by_all_users_the_nearest_are_the_nearest_and_cosines_those_of_numpy() -> None:
    matrix = plays()
    (found,) = similarity_by_users(matrix, [1.0], 40, 1, 0)
    dense = np.log1p(matrix.toarray())
    units = dense / np.linalg.norm(dense, axis=0)
    cosines = units.T @ units - 2 * np.eye(40)
    expected = np.sort(cosines, axis=1)[:, -10:].mean(axis=1)
    assert np.sort(found.nearest) == approx(np.sort(expected), abs=1e-5)
    assert found.kept.tolist() == [1] * 40 and found.n_users == 200


def test_few_users_keep_fewer_of_the_nearest_and_overstate_their_similarity() -> None:
    few, half, every = similarity_by_users(plays(), [0.05, 0.5, 1.0], 40, 10, 0)
    assert few.kept.mean() < half.kept.mean() < every.kept.mean()
    assert few.nearest.mean() > every.nearest.mean()  # the largest of noisy numbers
    assert few.n_users == 10


def test_items_without_listeners_are_refused() -> None:
    with pytest.raises(ValueError, match="0 items with 5 listeners; at least 11"):
        similarity_by_users(csr_matrix(np.eye(30)), [1.0], 10, 1, 0)
