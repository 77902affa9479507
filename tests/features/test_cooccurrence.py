import numpy as np
import pytest
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.features import cooccurrence as module
from muso_exp.features.cooccurrence import (
    cooccurrence,
    grouped_cooccurrence,
    linear_errors,
    mean_cooccurrence,
)

PLAYLISTS = csr_matrix(np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1]], dtype=np.float32))


def test_co_occurrences_are_counted_by_hand() -> None:
    assert cooccurrence(PLAYLISTS, np.array([0, 2])).toarray().tolist() == [[0, 2, 1], [1, 1, 0]]


def test_sums_and_means_are_those_of_the_rows() -> None:
    draw = np.random.default_rng(0)
    playlists = csr_matrix((draw.random((30, 12)) < 0.3).astype(np.float32))
    songs, groups = np.array([1, 4, 5, 9]), np.array([2, 0, 2, 2])
    rows = cooccurrence(playlists, songs).toarray()
    assert mean_cooccurrence(playlists, songs) == approx(rows.mean(axis=0))
    sums = grouped_cooccurrence(playlists, songs, groups, 3).toarray()
    assert sums == approx(np.stack([rows[1], np.zeros(12), rows[[0, 2, 3]].sum(axis=0)]))


def test_errors_of_linear_predictions_are_those_of_the_rows_in_whatever_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = np.random.default_rng(1)
    playlists = csr_matrix((draw.random((40, 25)) < 0.2).astype(np.float32))
    songs = np.array([0, 3, 4, 11, 24])
    hidden, weight, bias = (
        draw.normal(size=size).astype(np.float32) for size in ((5, 7), (25, 7), (25,))
    )
    dense = hidden @ weight.T + bias - cooccurrence(playlists, songs).toarray()
    arguments = playlists, songs, hidden, weight, bias
    assert linear_errors(*arguments) == approx(np.square(dense).mean(axis=1), rel=1e-5)
    for name in ("_ROWS", "_SONGS", "_UNITS"):
        monkeypatch.setattr(module, name, 2)
    assert linear_errors(*arguments) == approx(np.square(dense).mean(axis=1), rel=1e-5)
    assert len(linear_errors(playlists, songs[:0], hidden[:0], weight, bias)) == 0
