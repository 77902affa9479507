"""Vectors of items from metadata and sound."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer

from muso_exp.features.item_vectors import (
    ItemVectors,
    join,
    standardised,
    tf_idf,
    value_counts,
)

COUNTS = csr_matrix(np.array([[2, 0, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 3, 0, 1]]))
EVERY = np.arange(4)


def test_weights_are_those_of_scikit_learn_with_the_same_frequencies() -> None:
    logs = COUNTS.astype(float)
    logs.data = np.log1p(logs.data)
    want = TfidfTransformer(norm="l2").fit(COUNTS).transform(logs).toarray()
    assert tf_idf(COUNTS, "tags", EVERY).dense() == pytest.approx(want, abs=1e-6)


def test_frequencies_are_counted_on_train_items_alone() -> None:
    known = np.array([0, 1])
    changed = COUNTS.toarray()
    changed[3, 2] = 9  # of an item that is not in training
    before, after = (tf_idf(csr_matrix(c), "tags", known).dense() for c in (COUNTS, changed))
    assert (before[:3] == after[:3]).all()


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="counts of tags must not be negative, got -3"):
        tf_idf(-COUNTS, "tags", EVERY)


def test_a_row_of_metadata_has_length_one_or_nothing() -> None:
    found = tf_idf(COUNTS, "tags", EVERY)
    assert np.linalg.norm(found.dense(), axis=1) == pytest.approx([1, 1, 0, 1])
    assert found.known.tolist() == [True, True, False, True]


def test_sound_is_scaled_by_train_items_and_placed_on_its_items() -> None:
    x = np.array([[1.0, 4.0], [3.0, 8.0], [9.0, 0.0]])
    found = standardised(x, np.array([3, 1, 0]), 5, "sound", np.array([1, 3])).dense()
    assert found[3] == pytest.approx(np.array([-1, -1]) / np.sqrt(2))
    assert found[1] == pytest.approx(np.array([1, 1]) / np.sqrt(2))
    assert found[0] == pytest.approx(np.array([7, -3]) / np.sqrt(2))
    assert (found[[2, 4]] == 0).all()


def test_sound_of_test_items_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="no item of training has sound"):
        standardised(np.ones((1, 2)), np.array([0]), 3, "sound", np.array([1, 2]))


def test_columns_keep_the_name_of_their_field() -> None:
    parts = [tf_idf(COUNTS, "tags", EVERY), tf_idf(COUNTS[:, :2], "artist", EVERY)]
    both = join(parts)
    assert both.fields.tolist() == ["tags"] * 4 + ["artist"] * 2
    assert (both.of(["artist"]).dense() == parts[1].dense()).all()
    assert (both.rows(np.array([3, 0])).dense() == both.dense()[[3, 0]]).all()


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="no representation to join"):
        join([])


def test_shuffling_moves_known_vectors_to_other_items_and_changes_none() -> None:
    rng = np.random.default_rng(0)
    dense = rng.random((60, 3)).astype(np.float32)
    dense[::4] = 0
    own = ItemVectors(csr_matrix(dense), np.full(3, "sound"))
    moved = own.shuffled(seed=1)
    assert (moved.known == own.known).all()
    rows = {tuple(row) for row in dense[own.known].tolist()}
    assert {tuple(row) for row in moved.dense()[own.known].tolist()} == rows
    assert (moved.dense() != dense).any(axis=1)[own.known].mean() > 0.8
    assert (own.shuffled(1).dense() == moved.dense()).all()


def test_an_empty_name_is_no_value() -> None:
    found = value_counts([["a", ""], [], ["b", "a", "a"]])
    assert found.toarray().tolist() == [[1, 0], [0, 0], [1, 1]]
    assert value_counts([[""], []]).shape == (2, 0)
