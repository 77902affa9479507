import numpy as np
import pytest
from pytest import approx

from muso_exp.features.item_credits import (
    HeldPlaces,
    formula_of,
    item_credits,
    padded_places,
)
from muso_exp.features.ranking import Rows, rank_in_blocks
from muso_exp.features.ranking_formulas import FORMULAS, user_columns

N_USERS, N_ITEMS, CUTOFFS = 7, 12, [3, 5]
COLUMNS = [
    name + suffix
    for name, formula in FORMULAS.items()
    for suffix in ([f"_at_{k}" for k in CUTOFFS] if formula.at_cutoffs else [""])
]


def ranked(seed: int = 0) -> tuple[dict[str, np.ndarray], HeldPlaces, np.ndarray, Rows]:
    """Users with 1 to 4 held-out items whose scores tie often."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 5, (N_USERS, N_ITEMS)).astype(np.float32)
    held = [np.sort(rng.choice(N_ITEMS, 1 + user % 4, replace=False)) for user in range(N_USERS)]
    positives = Rows(np.cumsum([0, *map(len, held)]), np.concatenate(held))
    nothing = Rows(np.zeros(N_USERS + 1, int), np.empty(0, int))
    columns = rank_in_blocks(
        lambda a, b: scores[a:b], nothing, positives, N_ITEMS, CUTOFFS, longest=4
    )
    return columns, HeldPlaces.of(columns, np.full(N_USERS, N_ITEMS)), scores, positives


def test_the_columns_hold_how_many_candidates_stand_above_each_held_out_item() -> None:
    _, places, scores, positives = ranked()
    for user in range(N_USERS):
        own = slice(places.crow[user], places.crow[user + 1])
        held = places.items[own]
        assert sorted(held) == sorted(positives.col[own])
        assert places.above[own].tolist() == [(scores[user] > scores[user, i]).sum() for i in held]
        assert places.tied[own].tolist() == [(scores[user] == scores[user, i]).sum() for i in held]


@pytest.mark.parametrize("column", COLUMNS)
def test_the_credits_of_a_user_sum_to_the_measure(column: str) -> None:
    columns, places, *_ = ranked()
    formula = formula_of(column)
    assert formula is not None
    sums = np.add.reduceat(item_credits(places, *formula), places.crow[:-1])
    assert sums == approx(columns[column])


def test_the_credit_of_a_mean_over_held_out_items_is_its_own_term() -> None:
    above, tied = (
        np.array([0, 4, 9]),
        np.array([1, 1, 1]),
    )  # of 3 held-out items one is in the top 3
    of = np.array([5, 1, 8]), above, tied, np.array([0, 3]), np.array([12])
    formula = formula_of("recall_at_5")
    assert formula is not None
    assert item_credits(HeldPlaces(*of), *formula) == approx([1 / 3, 1 / 3, 0])


@pytest.mark.parametrize("column", COLUMNS)
def test_credits_differ_as_the_measure_does_without_one_item_or_the_other(column: str) -> None:
    _, places, scores, _ = ranked(1)
    formula = formula_of(column)
    assert formula is not None
    credit = item_credits(places, *formula)
    user = 3  # with 4 held-out items
    own = slice(places.crow[user], places.crow[user + 1])
    held, without = places.items[own], []
    for item in held:
        rest = np.setdiff1d(np.arange(N_ITEMS), item)
        left = np.setdiff1d(held, item)
        order = left[np.argsort(-scores[user, left], kind="stable")]
        above = np.array([(scores[user, rest] > scores[user, i]).sum() for i in order])
        tied = np.array([(scores[user, rest] == scores[user, i]).sum() for i in order])
        counts = np.array([0, 3]), np.array([N_ITEMS - 1])
        without.append(user_columns(above, tied, *counts, CUTOFFS)[column][0])
    differences = -3 / 4 * (np.array(without) - np.mean(without))
    assert credit[own] - credit[own].mean() == approx(differences)


def test_places_are_padded_to_one_width_whatever_the_batch() -> None:
    crow = np.array([0, 1, 3])
    found = padded_places(np.array([4, 7, 2]), np.arange(3), np.ones(3), crow, 3)
    assert found["held_items"].tolist() == [[4, -1, -1], [7, 2, -1]]
    assert found["held_above"].tolist() == [[0, -1, -1], [1, 2, -1]]


def test_only_formulas_of_held_out_items_have_credits() -> None:
    assert formula_of("n_positives") is None
    assert formula_of("auc_at_10") is None  # no cutoff
    found = formula_of("ap_at_500")
    assert found is not None
    assert (found[0].metric, found[1]) == ("map", 500)
