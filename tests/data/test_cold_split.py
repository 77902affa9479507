"""Plays held out by plays, items, artists and users at once."""

from pathlib import Path

import numpy as np
import pytest
from made import made
from test_plays import WORLD

from muso_exp.data.content_plays import ContentPlays
from muso_exp.data.recommendation.cold_split import ColdShares, split_cold
from muso_exp.errors import ConfigError

COLD = {"items": 0.1, "artists": 0.2, "users": 0.25}


def content(cache: Path, **options: object) -> ContentPlays:
    small = {"world": WORLD, "min_user_items": 2, "n_tags": 0, "content": {"fields": ["artist"]}}
    data = made("content_plays", None, cache, **small | options)
    data.prepare_data()
    data.setup()
    return data


@pytest.fixture(scope="module")
def data(cache: Path) -> ContentPlays:
    return content(cache, cold=COLD)


def test_every_play_is_used_once_or_belongs_to_cold_users_and_cold_items(
    data: ContentPlays,
) -> None:
    cold, plays = data.cold_split, data.data.plays
    used = cold.split.train + cold.split.val + cold.held_out
    assert (used > plays).nnz == 0
    left = (plays - used).tocoo()
    left.eliminate_zeros()
    heard = np.bincount(cold.split.train.indices, minlength=plays.shape[1]) > 0
    assert not heard[left.col].any()


def test_training_has_nothing_of_what_is_cold(data: ContentPlays) -> None:
    cold = data.cold_split
    train, artist = cold.split.train, data.data.artist_numbers()
    n_users = train.shape[0]
    users = np.flatnonzero(np.diff(cold.brought.indptr))
    assert len(users) and not train[users].nnz
    assert np.diff(train.indptr).astype(bool).sum() <= n_users - round(COLD["users"] * n_users)
    assert not train[:, np.r_[cold.cold_items, cold.cold_artists]].nnz
    others = np.setdiff1d(np.arange(len(artist)), cold.cold_artists)
    assert not np.isin(artist[cold.cold_artists], artist[others]).any()
    assert len(cold.cold_items) == round(COLD["items"] * len(artist))


def test_the_further_tests_ask_for_what_is_cold_and_nothing_that_is_known(
    data: ContentPlays,
) -> None:
    tests = {test.rows.name: test for test in data.task.extra[1:]}
    assert list(tests) == ["cold_items", "cold_artists", "mixed_items", "cold_users"]
    for name in ("cold_items", "cold_artists"):
        assert tests[name].rows.held.candidates.tolist() == getattr(data.cold_split, name).tolist()
    assert tests["mixed_items"].rows.held.n_items == data.dims["n_items"]
    for test in tests.values():
        held = test.rows.held
        assert not held.seen.multiply(held.positives).nnz
    assert not np.isin(tests["cold_users"].rows.held.users, data.task.held.users).any()


def test_the_artists_that_a_user_plays_come_first_by_hand(data: ContentPlays) -> None:
    test = next(test for test in data.task.extra[1:] if test.rows.name == "cold_items")
    nulls, held, artist = test.nulls(), test.rows.held, data.data.artist_numbers()
    assert set(nulls) >= {"random", "popularity", "least_popular", "artist_plays"}
    for row in range(min(5, len(held.users))):
        logs = np.log1p(data.cold_split.split.train[held.users[row]].toarray()[0])
        scores = np.array([logs[artist == artist[item]].sum() for item in held.candidates])
        positive = np.zeros(len(scores), dtype=bool)
        positive[held.positives[row].indices] = True
        pairs = scores[positive][:, None] - scores[~positive]
        assert float(nulls["artist_plays"]["auc"][row]) == pytest.approx(
            (pairs > 1e-5).mean() + (abs(pairs) <= 1e-5).mean() / 2
        )


def test_where_items_are_artists_no_artist_is_cold(cache: Path) -> None:
    data = content(cache, source="hetrec", cold=COLD, content={"fields": ["tags"]})
    test = next(test for test in data.task.extra[1:] if test.rows.name == "cold_artists")
    assert not len(test.rows.held.users) and not test.nulls()
    assert data.data.artist_numbers().tolist() == list(range(data.dims["n_items"]))


def test_cold_needs_a_split_by_plays(cache: Path) -> None:
    with pytest.raises(ConfigError, match=r"split.by=cold_items: dataset.cold holds out plays, i"):
        content(cache, cold=COLD, split="cold_items")
    with pytest.raises(ConfigError, match=r"split.draw=hash: dataset.cold draws by a generator"):
        content(cache, cold=COLD, split={"draw": "hash"})


def test_nothing_left_is_refused(data: ContentPlays) -> None:
    shares = ColdShares(items=0.99999, artists=0.0, users=0.0)
    with pytest.raises(ConfigError, match=r"dataset.cold: no plays to train on or to test; hold"):
        split_cold(data.data, shares, 0.2, 0.0, 0)


def test_fewer_users_of_training_leave_the_test_of_cold_users_as_it_is(
    cache: Path, data: ContentPlays
) -> None:
    few = content(cache, cold=COLD | {"train_users": 0.5})
    mine, all_ = few.cold_split, data.cold_split
    kept, before = (np.diff(one.split.train.indptr) > 0 for one in (mine, all_))
    assert kept.sum() == round(0.5 * before.sum()) and not (kept & ~before).any()
    for name in ("brought", "asked"):
        assert (getattr(mine, name) != getattr(all_, name)).nnz == 0
    assert mine.for_cold_users.tolist() == all_.split.candidates.tolist()
    assert len(mine.split.candidates) < len(all_.split.candidates)
