import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features import taste_scores as taste
from muso_exp.features.als import FactorOptions
from muso_exp.features.networks import all_pair_scores

PLAYS = csr_matrix(
    np.array([[3, 4, 0, 0], [3, 4, 0, 0], [0, 0, 2, 1], [1, 0, 0, 1], [0, 0, 0, 0]], np.float32)
)


def test_cosine_of_raw_plays_by_hand() -> None:
    table = all_pair_scores(taste.taste_cosine(PLAYS, "raw"), 5)
    assert table[0, 1] == pytest.approx(1)
    assert table[0, 3] == pytest.approx(3 / (5 * np.sqrt(2)))
    assert table[0, 2] == 0 and (table[4] == 0).all()


def test_weights_by_hand() -> None:
    row = taste.weighted_plays(PLAYS, "idf").toarray()[0]
    assert row == pytest.approx([np.log(4) * np.log(5 / 3), np.log(5) * np.log(5 / 2), 0, 0])
    assert taste.weighted_plays(PLAYS, "binary").toarray()[0].tolist() == [1, 1, 0, 0]
    assert PLAYS[0, 0] == 3  # not changed in place


def test_rare_shared_items_count_more() -> None:
    plain = all_pair_scores(taste.shared_items(PLAYS, rare=False), 5)
    rare = all_pair_scores(taste.shared_items(PLAYS, rare=True), 5)
    assert plain[0, 1] == 2 and plain[0, 3] == 1
    assert rare[0, 1] == pytest.approx(1 / np.log(3) + 1 / np.log(2))


def test_svd_vectors_put_like_listeners_together_and_silent_ones_nowhere() -> None:
    vectors = taste.svd_vectors(PLAYS, "raw", 2)
    table = vectors @ vectors.T
    assert table[0, 1] == pytest.approx(1, abs=1e-5) and table[0, 2] < 0.5
    assert (vectors[4] == 0).all()


def test_without_any_listening_all_vectors_are_zero() -> None:
    assert (taste.svd_vectors(csr_matrix((6, 3)), "raw", 2) == 0).all()


def test_wmf_vectors_put_like_listeners_together() -> None:
    vectors = taste.wmf_vectors(PLAYS, FactorOptions(n_factors=2, iterations=5))
    table = vectors @ vectors.T
    assert table[0, 1] > 0.99 > table[0, 2] and (vectors[4] == 0).all()
