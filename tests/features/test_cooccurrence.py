import numpy as np
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.features.cooccurrence import cooccurrence, grouped_cooccurrence, mean_cooccurrence

PLAYLISTS = csr_matrix(np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1]], dtype=np.float32))


def test_co_occurrences_are_counted_by_hand() -> None:
    assert cooccurrence(PLAYLISTS, np.array([0, 2])).tolist() == [[0, 2, 1], [1, 1, 0]]


def test_sums_and_means_are_those_of_the_rows() -> None:
    draw = np.random.default_rng(0)
    playlists = csr_matrix((draw.random((30, 12)) < 0.3).astype(np.float32))
    songs, groups = np.array([1, 4, 5, 9]), np.array([2, 0, 2, 2])
    rows = cooccurrence(playlists, songs)
    assert mean_cooccurrence(playlists, songs) == approx(rows.mean(axis=0))
    sums = grouped_cooccurrence(playlists, songs, groups, 3)
    assert sums == approx(np.stack([rows[1], np.zeros(12), rows[[0, 2, 3]].sum(axis=0)]))
