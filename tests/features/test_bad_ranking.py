"""Rankings that are refused, or that a score leaves undefined."""

import numpy as np
import pytest
from ranking_cases import one, rank, rows

from muso_exp.features.ranking import Rows
from muso_exp.features.ranking_formulas import user_columns
from muso_exp.features.shared_ranking import rank_by_item


def test_a_score_that_is_not_finite_makes_that_users_columns_nan() -> None:
    columns = rank([[1, np.nan, 0], [2, 1, 0], [np.inf, 1, 0]], [[]] * 3, [[0]] * 3)
    assert np.isnan(columns["auc"]).tolist() == [True, False, True]
    assert columns["top"].tolist() == [[-1] * 3, [0, 1, 2], [-1] * 3]


def test_no_formula_fails_on_scores_that_are_not_finite() -> None:
    columns = rank([[np.nan] * 4, [4, 3, 2, 1]], [[]] * 2, [[0, 1, 3], [0, 1, 3]])
    assert np.isnan(columns["clicks"]).tolist() == [True, False]
    assert columns["clicks"][1] == 0


def test_large_finite_scores_are_not_taken_for_infinite() -> None:
    assert one([3e38, 3e38, 1], [2])["auc"] == 0


def test_auc_is_undefined_where_every_candidate_is_held_out() -> None:
    assert np.isnan(one([1, 2, 3], [0, 1], seen=[2])["auc"])


def test_a_user_without_held_out_items_is_refused() -> None:
    with pytest.raises(ValueError, match=r"row 1 has no held-out item \(1 such users\)"):
        rank([[1, 2], [1, 2]], [[], []], [[0], []])


@pytest.mark.parametrize("bad", [[2, 1], [1, 1], [-1], [3]])
def test_item_lists_that_native_code_must_not_see_are_refused(bad: list[int]) -> None:
    with pytest.raises(ValueError, match=r"held-out items of row 0 must be ascending"):
        rank([[1, 2, 3]], [[]], [bad])
    with pytest.raises(ValueError, match=r"seen items of row 0 must be ascending"):
        rank([[1, 2, 3]], [bad], [[0]])


def test_an_item_held_out_and_seen_is_refused() -> None:
    with pytest.raises(ValueError, match="row 0 has a held-out item among the seen ones"):
        rank([[1, 2, 3]], [[0, 2]], [[2]])


def test_lists_of_other_users_are_refused() -> None:
    with pytest.raises(ValueError, match="seen items of 2 users, held-out items of 1"):
        rank([[1, 2, 3]], [[0], [1]], [[2]])


def test_list_ends_beyond_the_items_are_refused() -> None:
    broken = Rows(np.array([0, 5]), np.array([1]))
    with pytest.raises(ValueError, match="held-out items: crow must rise from 0 to the 1 items"):
        rank_by_item(np.zeros(9), rows([[]]), broken, [1])


def test_a_cutoff_below_one_is_refused() -> None:
    counts = np.array([1])
    with pytest.raises(ValueError, match=r"cutoffs must be >= 1, got \[0\]"):
        user_columns(counts, counts, np.array([0, 1]), np.array([2]), [0])
