"""Hiding plays of every kind at once: single plays, whole items, and all items of an artist."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import draw_entries, keep_entries


@dataclass(frozen=True)
class HiddenPlays:
    """Plays to learn from, and plays that are hidden.

    Attributes:
        known: shape (n_users, n_items); without any entry of a cold item.
        hidden: the others, same shape.
        which: of the stored plays, those that are hidden, shape (n_plays,), bool.
        cold_items: items hidden one by one, shape (n_items,), bool.
        cold_artists: items hidden with all others of their artist, same shape.
    """

    known: csr_matrix
    hidden: csr_matrix
    which: np.ndarray
    cold_items: np.ndarray
    cold_artists: np.ndarray


def hide_plays(
    plays: csr_matrix,
    artist: np.ndarray,
    item_share: float,
    artist_share: float,
    play_share: float,
    seed: int,
) -> HiddenPlays:
    """Hide whole artists, then single items of the other artists, then plays of what is left.

    Args:
        plays: play counts, shape (n_users, n_items), indices ascending.
        artist: number of each item's artist, from 0, shape (n_items,); where every item is its own
            artist none is hidden as an artist.
        item_share: of the items, hidden one by one.
        artist_share: of the items, at most, hidden by whole artists.
        play_share: of each user's other plays, see `draw_entries`.
        seed: of the draws.

    Raises:
        ValueError: a play share outside 0..1.
    """
    rng = np.random.default_rng(seed)
    n_items = plays.shape[1]
    sizes = np.bincount(artist, minlength=int(artist.max(initial=0)) + 1)
    cold_artists = np.zeros(n_items, dtype=bool)
    if (sizes > 1).any():
        order = rng.permutation(len(sizes))
        taken = order[np.cumsum(sizes[order]) <= artist_share * n_items]
        cold_artists = np.isin(artist, taken)
    left = rng.permutation(np.flatnonzero(~cold_artists))
    cold_items = np.zeros(n_items, dtype=bool)
    cold_items[left[: round(item_share * n_items)]] = True
    hidden = (cold_items | cold_artists)[plays.indices]
    warm = np.flatnonzero(~hidden)
    drawn = draw_entries(keep_entries(plays, ~hidden), play_share, int(rng.integers(2**31)))
    hidden[warm[drawn]] = True
    parts = keep_entries(plays, ~hidden), keep_entries(plays, hidden)
    return HiddenPlays(*parts, hidden, cold_items, cold_artists)
