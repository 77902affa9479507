"""Holding out at once what a recommender may be asked: plays, whole items, artists, and users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.hidden_items import hide_plays
from muso_exp.features.interactions import draw_entries, keep_entries
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.options import Options, PositiveShare, Share
from muso_exp.tasks.recommendation.split_plays import Split


class ColdShares(Options, frozen=True, kw_only=True):
    """What is held out besides plays, each for a further test.

    Attributes:
        items: share of the items, without any listener in training.
        artists: share of the items, by whole artists; no such test where items are artists.
        users: share of the users, without any play in training: they are folded in.
        train_users: share of the other users that are left; the test of the cold users, and the
            items that are ranked for them, stay what they are with all.
    """

    items: Share = 0.1
    artists: Share = 0.1
    users: Share = 0.1
    train_users: PositiveShare = 1.0


@dataclass(frozen=True)
class ColdSplit:
    """Plays by their use; all matrices (n_users, n_items), indices ascending.

    Attributes:
        split: of the warm users and items; train has no entry of what is cold.
        items: held-out plays of warm users, of the items that are held out one by one.
        artists: the same of those held out with their artists.
        brought: plays that the cold users are known by, of warm items.
        asked: the other plays of theirs, of warm items.
        cold_items: ids, ascending.
        cold_artists: ids of the items held out with their artists, ascending.
        for_cold_users: ids of the items that are ranked for cold users, ascending.
    """

    split: Split
    items: csr_matrix
    artists: csr_matrix
    brought: csr_matrix
    asked: csr_matrix
    cold_items: np.ndarray
    cold_artists: np.ndarray
    for_cold_users: np.ndarray

    @property
    def held_out(self) -> csr_matrix:
        """Return all plays that are in no training: those that cold users bring as well."""
        return self.split.test + self.items + self.artists + self.brought + self.asked

    @property
    def of_every_kind(self) -> Split:
        """Return the held-out plays of warm users, of all items, which are all ranked."""
        return Split(
            self.split.train,
            self.split.val,
            csr_matrix(self.split.test + self.items + self.artists),
        )


def split_cold(
    data: Interactions, shares: ColdShares, test_share: Share, val_share: Share, seed: int
) -> ColdSplit:
    """Draw cold users, then cold artists and items, then a share of each user's other plays.

    Args:
        data: what was read.
        shares: of what is cold.
        test_share: of each user's other items.
        val_share: of each warm user's remaining items.
        seed: of the draws.

    Raises:
        ConfigError: nothing left to train on or to test.
    """
    order = np.random.default_rng([seed, 5]).permutation(data.plays.shape[0])
    n_cold = round(shares.users * len(order))
    cold_user, kept_user = np.zeros((2, len(order)), dtype=bool)
    cold_user[order[:n_cold]] = True
    kept_user[order[n_cold:][: round(shares.train_users * (len(order) - n_cold))]] = True
    artist = data.artist_numbers()
    others = _of_users(data.plays, ~cold_user)
    hidden = hide_plays(others, artist, shares.items, shares.artists, test_share, seed)
    for_val = draw_entries(hidden.known, val_share, seed + 1)
    heard_by_all = _heard(keep_entries(hidden.known, ~for_val))
    known, held = (_of_users(part, kept_user) for part in (hidden.known, hidden.hidden))
    for_val = draw_entries(known, val_share, seed + 1)
    train = keep_entries(known, ~for_val)
    heard = _heard(train)
    test = _of(held, heard)
    if train.nnz == 0 or test.nnz == 0:
        raise ConfigError("dataset.cold: no plays to train on or to test; hold out less")
    new = _of(_of_users(data.plays, cold_user), heard_by_all)
    drawn = draw_entries(new, test_share, seed)
    return ColdSplit(
        Split(train, keep_entries(known, for_val), test, np.flatnonzero(heard), warm=True),
        items=_of(held, hidden.cold_items),
        artists=_of(held, hidden.cold_artists),
        brought=keep_entries(new, ~drawn),
        asked=keep_entries(new, drawn),
        cold_items=np.flatnonzero(hidden.cold_items),
        cold_artists=np.flatnonzero(hidden.cold_artists),
        for_cold_users=np.flatnonzero(heard_by_all),
    )


def _heard(plays: csr_matrix) -> np.ndarray:
    """Return the items with any listener, shape (n_items,), bool."""
    return np.bincount(plays.indices, minlength=plays.shape[1]) > 0


def _of_users(plays: csr_matrix, users: np.ndarray) -> csr_matrix:
    """Return the plays of the users (n_users,), bool."""
    return keep_entries(plays, np.repeat(users, np.diff(plays.indptr)))


def _of(plays: csr_matrix, items: np.ndarray) -> csr_matrix:
    """Return the plays of the items (n_items,), bool."""
    return keep_entries(plays, items[plays.indices])
