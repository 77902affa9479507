"""What a listening service shows of a user: their top artists, albums, tracks and tags."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

TAG_ARTISTS = 10


@dataclass(frozen=True)
class TopLists:
    """The lists of all users, one after the other, each from the most played item down.

    Attributes:
        user: shape (n_entries,), ascending.
        item: shape (n_entries,).
        plays: shape (n_entries,).
    """

    user: np.ndarray
    item: np.ndarray
    plays: np.ndarray

    def of(self, user: int) -> tuple[np.ndarray, np.ndarray]:
        """Return items and plays of one user, each of shape (n_items,)."""
        start, end = np.searchsorted(self.user, [user, user + 1])
        return self.item[start:end], self.plays[start:end]


def top_lists(plays: csr_matrix, k: int) -> TopLists:
    """Keep the k most played items of each user; of equals, those with the smaller number.

    Args:
        plays: play counts, shape (n_users, n_items).
        k: longest list.
    """
    user = np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))
    order = np.lexsort((plays.indices, -plays.data, user))
    rank = np.arange(len(order)) - plays.indptr[user[order]]
    kept = order[rank < k]
    return TopLists(user[kept], plays.indices[kept], plays.data[kept])


def top_tags(artists: TopLists, artist_tags: csr_matrix, user: int, k: int) -> dict[int, int]:
    """Sum tag weight x artist plays over a user's top 10 artists; keep the first k tags met.

    Args:
        artists: top artists of all users.
        artist_tags: tag weights, shape (n_artists, n_tags).
        user: whose tags.
        k: longest list.

    Returns:
        Weight of each tag in the order of first occurrence: by artist, then by tag weight.

    Source: MuSo (DOS document), "Data". Deviation: none.
    """
    weights: dict[int, int] = {}
    for artist, plays in zip(*(part[:TAG_ARTISTS] for part in artists.of(user)), strict=True):
        row = slice(artist_tags.indptr[artist], artist_tags.indptr[artist + 1])
        order = np.argsort(-artist_tags.data[row], kind="stable")
        for tag, weight in zip(
            artist_tags.indices[row][order], artist_tags.data[row][order], strict=True
        ):
            weights[int(tag)] = weights.get(int(tag), 0) + int(weight) * int(plays)
    return dict(list(weights.items())[:k])
