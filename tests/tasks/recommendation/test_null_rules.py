"""The null models of ranking by hand: more of the same artists, what has no plays first."""

import numpy as np
import pytest
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.metrics.ranking import ranking_metrics
from muso_exp.tasks.recommendation.baselines import (
    most_tagged_columns,
    null_columns,
    same_artist_columns,
)
from muso_exp.tasks.recommendation.split_plays import HeldOut

ARTISTS = np.array(["a", "a", "a", "b", "b", ""])
POPULARITY = np.array([5, 4, 1, 3, 2, 9])


def rows(*lists: list[int]) -> csr_matrix:
    table = np.zeros((len(lists), len(ARTISTS)), dtype=np.int64)
    for row, items in enumerate(lists):
        table[row, items] = 7  # plays, which the rule does not read
    return csr_matrix(table)


def test_the_artist_of_more_items_stands_first_and_then_the_more_popular() -> None:
    known = rows([0, 1, 3], [5])
    held = HeldOut.of(known, rows([2], [4]), None)
    columns = same_artist_columns(held, known, ARTISTS, POPULARITY, [10], 5)["same_artist"]
    assert columns["top"].tolist() == [[2, 4, 5, -1, -1], [0, 1, 3, 4, 2]]
    assert columns["auc"].tolist() == approx([1, 1 / 4])  # the second has no artist: popularity


def test_new_items_are_ranked_by_what_is_known_of_their_artists() -> None:
    known = rows([0, 1, 3], [3])
    held = HeldOut.of(known, rows([2], [4]), np.array([2, 4, 5]))
    columns = same_artist_columns(held, known, ARTISTS, POPULARITY * 0, [10], 3)["same_artist"]
    assert columns["top"][:, 0].tolist() == [2, 4]  # the others of the second row tie
    assert columns["auc"].tolist() == approx([1, 1])


@pytest.mark.parametrize("artists", [np.full(6, ""), np.array(["", "", "", "", "", "c"])])
def test_without_a_candidate_of_a_known_artist_there_is_no_such_rule(artists: np.ndarray) -> None:
    known = rows([0, 1])
    held = HeldOut.of(known, rows([2]), None)
    assert same_artist_columns(held, known, artists, POPULARITY, [10]) == {}


def test_what_no_listeners_plays_stands_first_in_one_rule_where_it_is_ranked_too() -> None:
    known = rows([0], [0, 1])
    held = HeldOut.of(known, rows([2], [4]), None)
    listeners = np.array([2, 1, 0, 5, 0, 3])
    nulls = null_columns(held, listeners, [10], 5)
    assert nulls["unheard_first"]["auc"].tolist() == approx([7 / 8, 5 / 6])  # of equals one half
    assert nulls["unheard_first"]["top"][0, 2:].tolist() == [3, 5, 1]
    warm = HeldOut.of(known, rows([3], [5]), np.array([0, 1, 3, 5]))
    assert "unheard_first" not in null_columns(warm, listeners, [10])


def test_of_items_without_listeners_the_most_tagged_stand_first_in_one_rule() -> None:
    known = rows([0], [0, 1])
    held = HeldOut.of(known, rows([2], [5]), np.array([2, 4, 5]))
    tagged, no_listeners = np.array([9.0, 0, 4, 0, 1, 3]), np.zeros(6)
    assert most_tagged_columns(held, tagged, [10]) == {}  # items with listeners have better rules
    cold = held.with_units(no_listeners, np.arange(6))
    found = most_tagged_columns(cold, tagged, [10], 3)["most_tagged"]
    assert found["auc"].tolist() == approx([1, 1 / 2])
    assert found["top"].tolist() == [[2, 5, 4], [2, 5, 4]]
    assert most_tagged_columns(cold, no_listeners, [10]) == {}
    assert most_tagged_columns(cold, None, [10]) == {}


def test_only_candidates_without_listeners_are_drawn_by_their_artists() -> None:
    held = HeldOut.of(rows([0], [0]), rows([2], [3, 4]), np.array([2, 3, 4]))
    listeners, artist = np.array([9, 9, 0, 5, 0, 0]), np.array([0, 0, 7, 8, 7, 9])
    cold = held.with_units(listeners, artist)
    assert cold.item_units is not None
    assert cold.item_units.tolist() == [7, -1, 7]
    assert (held.longest, cold.longest) == (0, 2)
    drawn = cold.drawn(10)
    assert drawn is not None
    assert drawn.n_units == 1
    assert held.drawn(10) is None
    assert held.with_units(listeners + 1, artist).item_units is None


def test_without_a_candidate_the_metrics_are_made_all_the_same() -> None:
    nothing = HeldOut.of(csr_matrix((0, 6)), csr_matrix((0, 6)), np.empty(0, np.int64))
    assert nothing.typical_candidates == 1.0
    assert "map_at_10" in ranking_metrics([10], nothing.typical_candidates)
