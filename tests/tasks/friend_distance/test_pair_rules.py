"""Rules of one number about a pair of users, as null models."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics.pairwise import cosine_similarity

from muso_exp.tasks.friend_distance.pair_rules import pair_scores, rule_columns


def test_the_numbers_of_a_pair_by_hand() -> None:
    plays = csr_matrix([[1.0, 3.0, 0.0], [1.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    scores = pair_scores(plays, np.array([[0, 1], [0, 2]]))
    one, two = np.log(2), 2 * np.log(2)  # log(1 + plays)
    assert scores["cosine"] == pytest.approx([one**2 / (one**2 + two**2), 0])
    assert scores["log_plays"] == pytest.approx([2 * (one + two), one + two])
    assert scores["shared_items"].tolist() == [1, 0]


def test_the_cosine_is_that_of_sklearn() -> None:
    rng = np.random.default_rng(0)
    plays = rng.poisson(0.5, (20, 50)).astype(float)
    pairs = rng.integers(0, 20, (40, 2))
    expected = cosine_similarity(np.log1p(plays))[pairs[:, 0], pairs[:, 1]]
    assert pair_scores(csr_matrix(plays), pairs)["cosine"] == pytest.approx(expected)


def test_a_rule_says_what_train_pairs_of_its_bin_are() -> None:
    known = np.arange(100.0)
    target = np.where(known < 50, 2, 0)
    target[:10] = 1
    columns = rule_columns(known, target, np.array([-5.0, 49.0, 50.0, 1e9]), n_classes=3)
    assert columns[""]["strategy"].tolist() == [[0, 0.2, 0.8]] * 2 + [[1, 0, 0]] * 2
    assert columns["_decided"]["strategy"].tolist() == [[0, 0, 1]] * 2 + [[1, 0, 0]] * 2
    assert columns["_median"]["strategy"].tolist() == [[0, 0, 1]] * 2 + [[1, 0, 0]] * 2
    assert columns[""]["friend"].tolist() == [-5, 49, 50, 1e9]


def test_the_commonest_distance_is_right_most_often_and_the_middle_one_nearest() -> None:
    target = np.repeat([0, 1, 2], [4, 3, 3])
    columns = rule_columns(np.zeros(10), target, np.array([0.0]), n_classes=3)
    assert columns["_decided"]["strategy"].tolist() == [[1, 0, 0]]
    assert columns["_median"]["strategy"].tolist() == [[0, 1, 0]]
    even = rule_columns(np.zeros(4), np.array([0, 0, 2, 2]), np.array([0.0]), n_classes=3)
    assert even["_median"]["strategy"].tolist() == [[1, 0, 0]]  # of two the smaller


def test_the_direction_of_the_friend_score_is_that_of_train() -> None:
    known, target = np.arange(100.0), np.repeat([0, 1], 50)  # friends have the smaller numbers
    assert rule_columns(known, target, np.array([3.0]), 2)[""]["friend"].tolist() == [-3]
    unknown = np.ones(100, dtype=np.int64)
    assert rule_columns(known, unknown, np.array([3.0]), 2)[""]["friend"].tolist() == [3]


def test_numbers_of_one_value_give_the_shares_of_train() -> None:
    known, target = np.zeros(200), np.repeat([0, 1, 1, 1], 50)
    strategy = rule_columns(known, target, np.array([0.0, 7.0]), 2)[""]["strategy"]
    assert strategy.tolist() == [[0.25, 0.75]] * 2
