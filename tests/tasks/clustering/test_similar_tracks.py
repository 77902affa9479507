"""Which tracks are recommended: by hand."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from muso_exp.tasks.clustering.similar_tracks import (
    Pool,
    first_listed,
    mean_distance,
    nearest_listed,
    overlap,
    similar_ids,
)

KNOWN = Pool(
    np.array(["a", "b", "c", "d", "e"]),
    np.array([[0.0], [1.0], [2.0], [10.0], [11.0]]),
    np.array([0, 1, 0, 1, 0]),
)
NEW = Pool(np.array(["x"]), np.array([[9.0]]), np.array([0]))


def test_a_cluster_recommends_its_first_tracks_in_the_order_of_the_file() -> None:
    assert_array_equal(first_listed(NEW, KNOWN, 2), [[0, 2]])
    assert_array_equal(first_listed(KNOWN[np.array([0, 3])], KNOWN, 2), [[2, 4], [1, -1]])


def test_a_cluster_without_known_tracks_recommends_nothing() -> None:
    lone = Pool(np.array(["x"]), np.array([[9.0]]), np.array([7]))
    assert_array_equal(first_listed(lone, KNOWN, 2), [[-1, -1]])
    assert np.isnan(mean_distance(lone, KNOWN, first_listed(lone, KNOWN, 2))).all()


def test_the_nearest_come_nearest_first_and_without_the_track_itself() -> None:
    assert_array_equal(nearest_listed(NEW, KNOWN, 2), [[3, 4]])
    assert_array_equal(nearest_listed(KNOWN[np.array([1])], KNOWN, 9)[:, :4], [[0, 2, 3, 4]])


def test_the_mean_distance_leaves_empty_places_out() -> None:
    assert_allclose(mean_distance(NEW, KNOWN, np.array([[3, 0]])), [(1 + 9) / 2])
    assert_allclose(mean_distance(NEW, KNOWN, np.array([[3, -1]])), [1])


def test_overlap_is_the_share_of_listed_tracks_in_the_other_list() -> None:
    listed, other = np.array([[0, 1], [2, -1]]), np.array([[1, 3], [2, -1]])
    assert overlap(listed, other) == 2 / 3
    assert overlap(listed, listed) == 1


def test_similar_tracks_are_given_by_ids_and_by_names_where_they_have_some() -> None:
    ids = {"recommended": ["a c"], "nearest": ["d e"]}
    assert similar_ids(NEW, KNOWN, 2) == ids
    named = {"recommended_songs": ["A; C"], "nearest_songs": ["D; E"]}
    assert similar_ids(NEW, KNOWN, 2, np.array(list("ABCDE"))) == ids | named
