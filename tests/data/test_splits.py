from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from tiny_interactions import interactions

from muso_exp.data.recommendation.splits import PlaysSplit, split_plays
from muso_exp.errors import ConfigError
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.stored_pairs import BROUGHT, TEST, TRAIN, VAL
from muso_exp.tasks.recommendation.split_plays import Split


def by(kind: str, test_share: float, val_share: float) -> PlaysSplit:
    return PlaysSplit(by=kind, test_share=test_share, val_share=val_share, list=None)  # type: ignore[arg-type]


def by_hash(kind: str, test_share: float, val_share: float) -> PlaysSplit:
    return msgspec.structs.replace(by(kind, test_share, val_share), draw="hash")


def cells(matrix: csr_matrix) -> set[tuple[int, int]]:
    rows, columns = matrix.nonzero()
    return set(zip(rows.tolist(), columns.tolist(), strict=True))


@pytest.mark.parametrize("options", [by, by_hash])
@pytest.mark.parametrize("kind", ["holdout", "cold_items", "cold_artists"])
def test_the_parts_are_disjoint_and_together_the_whole(
    kind: str, options: Callable[[str, float, float], PlaysSplit]
) -> None:
    data = interactions()
    split = split_plays(data, options(kind, 0.25, 0.2), seed=3)
    parts = [cells(part) for part in (split.train, split.val, split.test)]
    assert sum(len(part) for part in parts) == len(set.union(*parts)) == data.plays.nnz
    assert (split.train + split.val + split.test != data.plays).nnz == 0


def test_cold_items_are_unseen_in_training_and_the_only_candidates() -> None:
    split = split_plays(interactions(), by("cold_items", 0.25, 0.0), seed=1)
    assert split.candidates is not None and len(split.candidates) == 10
    assert split.train[:, split.candidates].nnz == 0
    assert set(split.test.indices) <= set(split.candidates.tolist())


def sparse(kind: str, candidates: str | None) -> Split:
    """Items 20 to 39 have one user each, who may have them in the test only."""
    plays = np.hstack([np.ones((20, 20), dtype=int), np.eye(20, dtype=int)])
    data = replace(interactions(), plays=csr_matrix(plays))
    return split_plays(data, by(kind, 0.3, 0.0), seed=0, candidates=candidates)  # type: ignore[arg-type]


def test_items_that_no_user_plays_in_training_are_no_candidates_unless_asked_for() -> None:
    split = sparse("holdout", None)
    cold = np.flatnonzero(np.asarray(split.train.sum(axis=0)).ravel() == 0)
    assert len(cold) and set(cold) <= set(split.test.indices)
    assert split.warm and split.candidates is not None
    assert split.candidates.tolist() == sorted({*range(40)} - {*cold.tolist()})
    every = sparse("holdout", "all")
    assert every.candidates is None and not every.warm
    assert (every.test != split.test).nnz == 0


def test_where_every_item_is_played_in_training_all_are_candidates() -> None:
    split = split_plays(interactions(), by("holdout", 0.2, 0.0), seed=0)
    assert split.warm and split.candidates is None


def test_items_that_are_held_out_whole_cannot_be_warm() -> None:
    assert not sparse("cold_items", None).warm
    with pytest.raises(ConfigError, match=r"candidates=warm: .*cold_items holds out only items"):
        sparse("cold_items", "warm")


def test_cold_artists_are_whole() -> None:
    split = split_plays(interactions(), by("cold_artists", 0.25, 0.0), seed=1)
    assert split.candidates is not None and len(split.candidates) == 8
    artists = split.candidates // 4
    assert np.unique(artists, return_counts=True)[1].tolist() == [4, 4]


def test_the_temporal_test_is_what_was_first_heard_after_the_cut() -> None:
    data = interactions()
    plays = csr_matrix([[3, 1, 0], [0, 2, 5]])
    earlier = csr_matrix([[1, 0, 0], [0, 2, 0]])
    data = Interactions(plays, np.arange(2), data.items.iloc[:3], earlier=earlier)
    split = split_plays(data, by("temporal", 0.5, 0.0), seed=0)
    assert split.train.toarray().tolist() == [[1, 0, 0], [0, 2, 0]]
    assert split.test.toarray().tolist() == [[0, 1, 0], [0, 0, 5]]


def test_the_published_test_is_the_hidden_half_without_what_is_visible() -> None:
    visible, hidden = csr_matrix([[3, 1, 0]]), csr_matrix([[0, 7, 5]])
    items = interactions().items.iloc[:3]
    data = Interactions(visible, np.arange(1), items, hidden=hidden)
    split = split_plays(data, by("published", 0.2, 0.0), seed=0)
    assert split.train.toarray().tolist() == [[3, 1, 0]]
    assert split.test.toarray().tolist() == [[0, 0, 5]]


@pytest.mark.parametrize(
    ("kind", "message"), [("temporal", "no time stamps"), ("published", "no hidden half")]
)
def test_a_split_that_the_data_do_not_carry_is_refused(kind: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        split_plays(interactions(), by(kind, 0.2, 0.0), seed=0)


def test_the_same_seed_splits_alike_and_another_does_not() -> None:
    first, again, other = (
        split_plays(interactions(), by("holdout", 0.2, 0.1), seed) for seed in (1, 1, 2)
    )
    assert (first.test != again.test).nnz == 0
    assert (first.test != other.test).nnz > 0


def test_held_out_users_are_in_no_training_and_bring_most_of_their_items() -> None:
    data = interactions()
    split = split_plays(data, by("users", 0.2, 0.1), seed=3, candidates="all")
    assert split.brought is not None
    n_users = data.plays.shape[0]
    users = [set(part.nonzero()[0]) for part in (split.train, split.val, split.test)]
    assert [len(part) for part in users] == [round(s * n_users) for s in (0.7, 0.1, 0.2)]
    assert not users[0] & users[1] and not users[0] & users[2] and not users[1] & users[2]
    assert set(split.brought.nonzero()[0]) == users[1] | users[2]
    parts = [cells(part) for part in (split.train, split.val, split.test, split.brought)]
    assert sum(len(part) for part in parts) == len(set.union(*parts)) == data.plays.nnz
    for user in users[2]:
        asked, known = split.test[user].nnz, split.brought[user].nnz
        assert asked == max(round(0.2 * (asked + known)), 1)


def test_no_users_left_to_train_on_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"split.by=users: .* leave none of .* to train on"):
        split_plays(interactions(), by("users", 0.6, 0.4), seed=0)


def test_by_hash_what_is_held_out_of_a_user_does_not_depend_on_other_users() -> None:
    data = interactions()
    fewer = data.select(np.arange(10, 60), np.arange(40))
    for options, same in ((by_hash, True), (by, False)):
        whole, part = (split_plays(one, options("holdout", 0.25, 0.2), 3) for one in (data, fewer))
        found = [
            (getattr(whole, name)[10:] != getattr(part, name)).nnz == 0 for name in ("val", "test")
        ]
        assert found == [same, same]


@pytest.mark.parametrize("kind", ["holdout", "cold_items", "cold_artists", "users", "temporal"])
def test_parts_that_were_assigned_before_are_the_split(kind: str) -> None:
    data = interactions()
    earlier = data.plays.copy()
    earlier.data //= 2
    earlier.eliminate_zeros()
    data = replace(data, earlier=earlier)
    split = split_plays(data, by(kind, 0.25, 0.2), seed=3)
    parts = np.full(data.plays.shape, TRAIN, dtype=np.int8)
    for number, part in ((VAL, split.val), (TEST, split.test), (BROUGHT, split.brought)):
        if part is not None:
            parts[part.nonzero()] = number
    of_plays = parts[data.plays.nonzero()]
    again = split_plays(data, by(kind, 0.25, 0.2), seed=3, parts=of_plays)
    for name in ("train", "val", "test"):
        assert (getattr(again, name) != getattr(split, name)).nnz == 0
    assert (again.brought is None) == (split.brought is None)
    assert again.brought is None or (again.brought != split.brought).nnz == 0
    assert again.warm == split.warm and np.array_equal(again.candidates, split.candidates)
