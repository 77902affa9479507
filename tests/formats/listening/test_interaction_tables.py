"""Interactions: merging, thinning out, names and fingerprint."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from tiny_interactions import interactions

from muso_exp.errors import ConfigError
from muso_exp.formats.listening.interactions import Interactions, ItemTags, group_items, keep_dense


def test_merging_sums_plays_and_tags_and_keeps_the_most_played_name() -> None:
    items = pd.DataFrame({"id": [5, 6, 7], "artist": ["a", "A", "b"], "title": ["x", "X", "y"]})
    tags = ItemTags(csr_matrix([[1, 0], [2, 3], [0, 4]]), ["rock", "pop"])
    data = Interactions(csr_matrix([[1, 0, 2], [0, 9, 0]]), np.arange(2), items, tags=tags)
    merged = group_items(data, np.array([0, 0, 1]), "merged_names", "equal names")
    assert merged.plays.toarray().tolist() == [[1, 2], [9, 0]]
    assert merged.items["id"].tolist() == [6, 7]
    assert merged.tags is not None
    assert merged.tags.weights.toarray().tolist() == [[3, 3], [0, 4]]
    assert (merged.notes[0].check, merged.notes[0].value) == ("merged_names", 1)


def test_merging_that_would_change_the_total_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lossy = lambda plays, group, n_groups: csr_matrix((plays.shape[0], n_groups))  # noqa: E731
    monkeypatch.setattr("muso_exp.formats.listening.interactions.merge_items", lossy)
    data = interactions()
    with pytest.raises(ConfigError, match=r"merging changed \d+ plays to 0"):
        group_items(data, np.arange(40), "merged_names", "nothing")


def test_hidden_items_stay_though_nobody_visible_plays_them() -> None:
    items = interactions().items.iloc[:2]
    data = Interactions(csr_matrix([[1, 0]]), np.arange(1), items, hidden=csr_matrix([[0, 1]]))
    assert keep_dense(data, 1, 1).plays.shape == (1, 2)


def test_users_keep_their_numbers_when_others_fall() -> None:
    items = interactions().items.iloc[:2]
    data = Interactions(csr_matrix([[0, 0], [1, 1]]), np.arange(2), items)
    assert keep_dense(data, 1, 1).users.tolist() == [1]


def test_the_fingerprint_is_of_plays_and_names_and_not_of_user_ids() -> None:
    one, same = interactions(), interactions()
    assert one.fingerprint() == same.fingerprint() != interactions(seed=1).fingerprint()
    renamed = Interactions(one.plays, one.users, one.items.assign(title="other"))
    assert renamed.fingerprint() != one.fingerprint()


def test_an_item_is_called_by_artist_and_title_or_what_there_is() -> None:
    items = pd.DataFrame({"id": [1, 2, 3], "artist": ["NA", "b", ""], "title": ["x", "", ""]})
    data = Interactions(csr_matrix((1, 3)), np.arange(1), items)
    assert data.names == ["NA - x", "b", "3"]


def tagged() -> Interactions:
    """Users 0 and 1 play items 0 to 2; both tag item 0, user 0 tags item 2."""
    plays = csr_matrix(np.array([[1, 0, 2], [3, 4, 0]]))
    items = pd.DataFrame({"id": [5, 6, 7], "artist": ["A", "B", "C"], "title": ""})
    given = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 2, 1]])
    weights = csr_matrix((np.ones(4), (given[:, 1], given[:, 2])), shape=(3, 2))
    tags = ItemTags(weights, ["rock", "pop"])
    return Interactions(plays, np.arange(2), items, tags=tags, taggings=given)


def test_tags_by_a_listener_whose_play_is_held_out_are_left_out() -> None:
    data = tagged()
    held = csr_matrix(np.array([[0, 0, 0], [3, 0, 0]]))  # user 1's play of item 0
    others = data.tags_of_others(held)
    assert others.tags.weights.toarray().tolist() == [[1, 0], [0, 0], [0, 1]]
    assert others.notes[-1].check == "tags_of_held_out_listeners"
    assert others.notes[-1].text.startswith("2 of 4 tags were given to an item by a listener")


def test_taggings_follow_the_chosen_users_and_items() -> None:
    chosen = tagged().select(np.array([1]), np.array([2, 0]))
    assert chosen.taggings.tolist() == [[-1, 1, 0], [0, 1, 0], [0, 1, 1], [-1, 0, 1]]
    everything = csr_matrix(np.ones((1, 2)))
    kept = chosen.tags_of_others(everything).tags.weights  # those of a user who is left out stay
    assert kept.toarray().tolist() == [[0, 1], [1, 0]]


def test_taggings_follow_merged_items() -> None:
    merged = group_items(tagged(), np.array([0, 1, 0]), "merged_names", "the same")
    assert merged.taggings.tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]]


def test_without_givers_all_tags_stay() -> None:
    data = replace(tagged(), taggings=None)
    assert data.tags_of_others(data.plays) is data
