"""The nearest items beside those that `implicit` finds, to the last bit."""

import numpy as np
import pytest
from implicit.nearest_neighbours import all_pairs_knn
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from muso_exp.features.item_neighbours import nearest_cosines


def by_implicit(weights: csr_matrix, n_neighbours: int) -> csr_matrix:
    units = csr_matrix(normalize(weights.astype(np.float64), axis=0))
    order = np.random.default_rng(0).permutation(units.shape[1])
    found = all_pairs_knn(units[:, order], n_neighbours + 1, show_progress=False).tocsr()
    back = np.argsort(order)
    found = found[back][:, back]
    found.setdiag(0)
    found.eliminate_zeros()
    found.sort_indices()
    return csr_matrix(found, dtype=np.float32)


@pytest.mark.parametrize(
    ("n_users", "n_items", "share", "n_neighbours"),
    [(60, 40, 0.3, 5), (60, 40, 0.3, 60), (5, 300, 0.05, 20), (400, 900, 0.02, 30), (3, 2, 0.0, 1)],
)
def test_they_are_those_of_implicit(
    n_users: int, n_items: int, share: float, n_neighbours: int
) -> None:
    draw = np.random.default_rng(n_users)
    heard = draw.random((n_users, n_items)) < share  # counts of 1 and 2: many ties
    weights = csr_matrix(heard * draw.integers(1, 3, heard.shape), dtype=np.float32)
    found, expected = nearest_cosines(weights, n_neighbours), by_implicit(weights, n_neighbours)
    assert found.dtype == np.float32 and found.shape == (n_items, n_items)
    np.testing.assert_array_equal(found.indptr, expected.indptr)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.data, expected.data)
