"""Items drawn by keys: the least of each user, evenly, whatever else is in the matrix."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import draw_entries, item_listeners, select_entries
from muso_exp.features.keyed_draw import draw_by_key, item_keys, mix

MASK = 2**64 - 1


def mixed(value: int) -> int:
    """One step of splitmix64 from a state, as it is published."""
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def some_plays(n_users: int = 400, n_items: int = 300) -> csr_matrix:
    """Popular and rare items, busy and quiet users, one without a play."""
    rng = np.random.default_rng(0)
    chance = np.outer(rng.uniform(0.1, 1, n_users), np.linspace(0.9, 0.02, n_items))
    plays = (rng.random((n_users, n_items)) < chance).astype(np.int32)
    plays[7] = 0
    return csr_matrix(plays)


PLAYS = some_plays()
USERS, ITEMS = np.arange(400) * 3, np.arange(300) * 1000 + 5


def drawn(share: float, seed: int) -> np.ndarray:
    return draw_by_key(PLAYS, share, seed, USERS, ITEMS)


def test_the_first_number_of_splitmix64_is_the_published_one() -> None:
    assert mix(np.array([0], np.uint64))[0] == mixed(0) == 0xE220A8397B1DCDAF


@pytest.mark.parametrize(("share", "seed"), [(0.2, 0), (0.5, 2**32 - 1), (0.01, 3)])
def test_of_each_user_the_least_keys_are_drawn(share: float, seed: int) -> None:
    found = drawn(share, seed)
    for u in range(400):
        start, end = PLAYS.indptr[u], PLAYS.indptr[u + 1]
        own = mixed(mixed(seed) ^ int(USERS[u]))
        keys = [signed(mixed(own ^ int(ITEMS[i]))) for i in PLAYS.indices[start:end]]
        n = end - start
        wanted = int(np.clip(np.round(share * n), 1, max(n - 1, 0)))
        assert found[start:end].tolist() == [k in sorted(keys)[:wanted] for k in keys]


def test_as_many_are_drawn_of_each_user_as_by_a_generator() -> None:
    for share in (0.0, 0.05, 0.5, 0.9):
        sums = [
            np.add.reduceat(found.astype(int), PLAYS.indptr[:-1][np.diff(PLAYS.indptr) > 0])
            for found in (drawn(share, 1), draw_entries(PLAYS, share, 1))
        ]
        assert sums[0].tolist() == sums[1].tolist()


def test_a_draw_does_not_depend_on_other_users_and_items() -> None:
    users, items = np.arange(100, 200), np.flatnonzero(item_listeners(PLAYS[100:200]))
    part = select_entries(PLAYS, users, items)
    whole = drawn(0.3, 4)[PLAYS.indptr[100] : PLAYS.indptr[200]]
    assert (draw_by_key(part, 0.3, 4, USERS[users], ITEMS[items]) == whole).all()
    order = np.random.default_rng(5).permutation(400)
    mingled = select_entries(PLAYS, order, np.arange(300))
    other = csr_matrix((drawn(0.3, 4) + 1, PLAYS.indices, PLAYS.indptr), PLAYS.shape)
    found = draw_by_key(mingled, 0.3, 4, USERS[order], ITEMS)
    assert (found + 1 == select_entries(other, order, np.arange(300)).data).all()


def test_what_is_drawn_is_even_over_items_and_users() -> None:
    rows = np.repeat(np.arange(400), np.diff(PLAYS.indptr))
    popularity = item_listeners(PLAYS)[PLAYS.indices]
    for seed in range(5):
        found = drawn(0.5, seed)
        assert abs(found.mean() - 0.5) < 0.01
        near = 4 / np.sqrt(PLAYS.nnz)  # four standard errors of a correlation of nothing
        for values in (popularity, rows, PLAYS.indices):
            assert abs(np.corrcoef(found, values)[0, 1]) < near


def test_draws_of_an_item_are_spread_as_by_chance() -> None:
    found = csr_matrix((drawn(0.5, 3).astype(int), PLAYS.indices, PLAYS.indptr), PLAYS.shape)
    listeners = item_listeners(PLAYS)
    asked = listeners >= 30
    taken = np.asarray(found.sum(axis=0)).ravel()[asked]
    n = listeners[asked]
    spread = ((taken - n / 2) ** 2 / (n / 4)).mean()  # 1 of independent halves
    assert 0.7 < spread < 1.3


def test_two_seeds_draw_independently() -> None:
    for first, second in ((0, 1), (1, 2), (5, 2**31)):
        one, other = drawn(0.5, first), drawn(0.5, second)
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(PLAYS.nnz)


def test_ids_of_text_are_drawn_by_their_md5() -> None:
    ids = pd.Series(["TRAAA", "Björk", ""])
    expected = [int(hashlib.md5(one.encode()).hexdigest(), 16) >> 68 for one in ids]
    assert item_keys(ids).tolist() == expected and max(expected) < 2**60
    assert item_keys(pd.Series([7, 2**62])).tolist() == [7, 2**62]


def test_of_items_with_one_number_the_first_is_drawn() -> None:
    plays = csr_matrix(np.ones((1, 4), dtype=np.int32))
    found = draw_by_key(plays, 0.5, 0, np.zeros(1, int), np.full(4, 9))
    assert found.tolist() == [True, True, False, False]


def test_a_share_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(ValueError, match="share must be >= 0 and < 1, got 1"):
        drawn(1.0, 0)
