import numpy as np
import pytest

from muso_exp.features.taste_distance import FEW, similarity_by_distance

# 0 - 1 - 2, and 3 alone.
DISTANCES = np.array([[0, 1, 2, -1], [1, 0, 1, -1], [2, 1, 0, -1], [-1, -1, -1, 0]])
SIMILARITY = np.array([[9, 1, 4, 6], [1, 9, 3, 0], [4, 3, 9, 3], [6, 0, 3, 9.0]])


def test_means_by_distance_by_hand_pairs_without_a_path_last() -> None:
    weights = np.array([[1, 1, 1, 1], [1, 2, 0, 1]])
    found = similarity_by_distance(SIMILARITY, DISTANCES, weights, at_least=1)
    assert found.distance.tolist() == [1, 2, 0] and found.n_pairs.tolist() == [2, 1, 3]
    assert found.mean == pytest.approx([2, 4, 3])
    assert found.samples[0] == pytest.approx(found.mean)
    assert found.samples[1, 0] == pytest.approx(1)  # twice the pair 0 - 1 alone
    assert found.samples[1, 2] == pytest.approx((6 + 2 * 0) / 3)
    assert np.isnan(found.samples[1, 1])


def test_rare_distances_are_left_out() -> None:
    found = similarity_by_distance(SIMILARITY, DISTANCES, np.ones((1, 4)), at_least=2)
    assert found.distance.tolist() == [1, 0]


def test_each_pair_counts_as_the_product_of_its_users_of_rare_distances_too() -> None:
    rng = np.random.default_rng(0)
    distances, similarity = rng.choice(4, (30, 30), p=[0, 0.6, 0.38, 0.02]), rng.random((30, 30))
    distances, similarity = np.triu(distances, 1), np.triu(similarity, 1)
    distances, similarity = distances + distances.T, similarity + similarity.T
    weights = rng.multinomial(30, np.full(30, 1 / 30), size=20)
    found = similarity_by_distance(similarity, distances, weights, at_least=1)
    assert 0 < found.n_pairs[2] < FEW * 30 * 30 < found.n_pairs[1]
    for place, value in enumerate(found.distance):
        at = distances == value
        total = np.array([row @ (similarity * at) @ row for row in weights])
        count = np.array([row @ at @ row for row in weights])
        with np.errstate(invalid="ignore"):
            expected = total / count
        assert found.samples[:, place] == pytest.approx(expected, rel=1e-12, nan_ok=True)
