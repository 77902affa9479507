"""Maximal marginal relevance, and the diversity of lists, by hand."""

import numpy as np
import pytest
from pytest import approx

from muso_exp.features.diversity import list_diversity, rerank, rerank_each

UNITS = np.array([[1.0, 0], [1, 0], [0, 1], [0, 0]])


def test_without_diversity_the_order_is_that_of_the_scores() -> None:
    assert rerank(np.array([1.0, 3, 2, 0]), UNITS, 4, 0).tolist() == [1, 2, 0, 3]


def test_what_is_like_the_list_comes_later() -> None:
    scores = np.array([3.0, 2.9, 2.0, 0])
    # after item 0: item 1 gains .6 * 2.9 / 3 - .4 = .18, item 2 .6 * 2 / 3 = .4
    assert rerank(scores, UNITS[[0, 1, 2, 1]], 3, 0.4).tolist() == [0, 2, 1]


def test_an_item_of_which_nothing_is_known_does_not_pass_for_different() -> None:
    # cosines to item 0 are 1, 1 and 0: item 3 counts as 2 / 3, .5 * 1.9 / 3 - .5 * 2 / 3 < 0
    assert rerank(np.array([3.0, 0, 0.1, 1.9]), UNITS, 2, 0.5).tolist() == [0, 2]


def test_items_that_may_not_be_listed_are_not() -> None:
    assert rerank(np.array([3.0, -np.inf, 1, -np.inf]), UNITS, 4, 0.5).tolist() == [0, 2]
    assert rerank(np.full(4, -np.inf), UNITS, 4, 0.5).tolist() == []


@pytest.mark.parametrize("diversity", [-0.1, 1.1, np.nan])
def test_a_diversity_outside_0_to_1_is_refused(diversity: float) -> None:
    with pytest.raises(ValueError, match="diversity must be 0 to 1, got"):
        rerank(np.ones(4), UNITS, 2, diversity)


def test_scores_and_vectors_belong_together() -> None:
    with pytest.raises(ValueError, match="3 scores for 4 vectors"):
        rerank(np.ones(3), UNITS, 2, 0.5)


def test_diversity_is_one_less_the_mean_cosine_of_known_pairs() -> None:
    lists = np.array([[0, 1, 2], [0, 3, -1], [0, 1, -1]])
    assert list_diversity(lists, UNITS) == approx([1 - 1 / 3, np.nan, 0], nan_ok=True)


def test_more_diversity_makes_a_list_more_diverse_and_less_relevant() -> None:
    rng = np.random.default_rng(0)
    units = rng.standard_normal((300, 4)) + 2 * np.eye(4)[rng.integers(0, 4, 300)]
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    scores = units[:, 0] + 0.1 * rng.random(300)
    lists = np.stack([rerank(scores, units, 10, share) for share in (0, 0.3, 0.7)])
    spread, worth = list_diversity(lists, units), scores[lists].mean(axis=1)
    assert (np.diff(spread) > 0).all() and (np.diff(worth) < 0).all()


def test_several_diversities_at_once_are_each_alone_to_the_last_item() -> None:
    rng = np.random.default_rng(1)
    units = rng.standard_normal((60, 5)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    units[rng.random(60) < 0.2] = 0  # nothing is known
    scores, shares = rng.random(60).astype(np.float32), [0, 0.3, 0.6, 1]
    found = rerank_each(scores, units, 12, shares)
    for row, share in zip(found, shares, strict=True):
        assert row.tolist() == one_after_another(scores, units, 12, share)


def one_after_another(scores: np.ndarray, units: np.ndarray, k: int, share: float) -> list[int]:
    """The formula of `rerank`, item by item."""
    relevance = (scores - scores.min()) / (scores.max() - scores.min())
    known, taken = units.any(axis=1), []
    while len(taken) < k:
        likeness = np.full(len(scores), -1.0)
        for one in taken:
            cosines = units @ units[one]
            likeness = np.maximum(likeness, np.where(known, cosines, cosines[known].mean()))
        gain = (1 - share) * relevance - share * likeness
        gain[taken] = -np.inf
        taken.append(int(gain.argmax()))
    return taken
