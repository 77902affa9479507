"""The rule "more of the artists that are there already", by hand."""

import numpy as np
import pytest
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.tasks.recommendation.baselines import same_artist_columns
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
