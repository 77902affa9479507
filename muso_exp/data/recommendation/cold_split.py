"""Holding out at once what a recommender may be asked: plays, whole items, artists, and users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.artists import artist_units
from muso_exp.features.hidden_items import hide_plays
from muso_exp.features.interactions import draw_entries, keep_entries
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.options import Options, Share, SomeShare
from muso_exp.tasks.recommendation.split_plays import Split


class ColdShares(Options, frozen=True, kw_only=True):
    """What is held out besides plays, each for a further test.

    Attributes:
        items: share of the items, without any listener in training.
        artists: share of the items, by whole artists; no such test where items are artists.
        users: share of the users, without any play in training: they are folded in.
    """

    items: Share = 0.1
    artists: Share = 0.1
    users: Share = 0.1


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
    """

    split: Split
    items: csr_matrix
    artists: csr_matrix
    brought: csr_matrix
    asked: csr_matrix
    cold_items: np.ndarray
    cold_artists: np.ndarray

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
    data: Interactions, shares: ColdShares, test_share: SomeShare, val_share: Share, seed: int
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
    rng = np.random.default_rng([seed, 5])
    n_users = data.plays.shape[0]
    cold_user = np.zeros(n_users, dtype=bool)
    cold_user[rng.permutation(n_users)[: round(shares.users * n_users)]] = True
    of_cold = np.repeat(cold_user, np.diff(data.plays.indptr))
    artist = artist_numbers(data)
    hidden = hide_plays(
        keep_entries(data.plays, ~of_cold), artist, shares.items, shares.artists, test_share, seed
    )
    known, held = hidden.known, hidden.hidden
    for_val = draw_entries(known, val_share, seed + 1)
    train = keep_entries(known, ~for_val)
    parts = {
        "items": _of(held, hidden.cold_items),
        "artists": _of(held, hidden.cold_artists),
    }
    heard = np.bincount(train.indices, minlength=train.shape[1]) > 0
    test = _of(held, heard)
    if train.nnz == 0 or test.nnz == 0:
        raise ConfigError("dataset.cold: no plays to train on or to test; hold out less")
    new = _of(keep_entries(data.plays, of_cold), heard)
    drawn = draw_entries(new, test_share, seed)
    split = Split(train, keep_entries(known, for_val), test, np.flatnonzero(heard), warm=True)
    return ColdSplit(
        split,
        **parts,
        brought=keep_entries(new, ~drawn),
        asked=keep_entries(new, drawn),
        cold_items=np.flatnonzero(hidden.cold_items),
        cold_artists=np.flatnonzero(hidden.cold_artists),
    )


def artist_numbers(data: Interactions) -> np.ndarray:
    """Return the number of each item's artist, from 0, shape (n_items,)."""
    units = artist_units(data.items["artist"].astype(str), data.items["id"])
    return np.unique(units, return_inverse=True)[1]


def _of(plays: csr_matrix, items: np.ndarray) -> csr_matrix:
    """Return the plays of the items (n_items,), bool."""
    return keep_entries(plays, items[plays.indices])
