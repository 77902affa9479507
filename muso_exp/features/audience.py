"""How well items are known: their own listeners, and those of their artists' other items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Audience:
    """Listeners of items in training.

    Attributes:
        item: of each item, any shape.
        artist: users who play other items of its artist, same shape; 0 where items are artists.
    """

    item: np.ndarray
    artist: np.ndarray

    def of(self, items: np.ndarray) -> Audience:
        """Return that of some items, any shape."""
        return Audience(self.item[items], self.artist[items])


def artist_listeners(plays: csr_matrix, artist: np.ndarray) -> np.ndarray:
    """Return how many users play another item of each item's artist, shape (n_items,), int64.

    Args:
        plays: of training, > 0, shape (n_users, n_items).
        artist: number of each item's artist, from 0, shape (n_items,).
    """
    n_users, n_items = plays.shape
    user = np.repeat(np.arange(n_users), np.diff(plays.indptr))
    own = artist[plays.indices]
    n_artists = int(artist.max(initial=-1)) + 1
    pair = user * n_artists + own  # of user and artist, of each play
    _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    users_of = np.bincount(own[np.unique(pair, return_index=True)[1]], minlength=n_artists)
    alone = np.bincount(plays.indices[count[place] == 1], minlength=n_items)
    return (users_of[artist] - alone).astype(np.int64)
