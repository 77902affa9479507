"""Which tracks of LFM-1b the Million Song Dataset has, by name, without holding all their names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.features.matching import SEPARATOR, song_key
from muso_exp.formats.listening.interactions import renumbered
from muso_exp.formats.listening.logs import Layout, read_pieces
from muso_exp.formats.listening.names import readable

PIECE = 2**24  # bytes of the table of tracks whose names are held at once
_NONE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class MatchedItems:
    """What a table of tracks says of the items.

    Attributes:
        item_of_track: number of the item that each asked track is, -1 for none, shape (n_tracks,).
        known: which items the table has, shape (n_items,), bool.
        named: which items have an artist's name, shape (n_items,), bool.
    """

    item_of_track: np.ndarray
    known: np.ndarray
    named: np.ndarray


@dataclass(frozen=True)
class AskedSongs:
    """Tracks that are looked for, by artist and title up to case.

    Attributes:
        groups: number of each key of `song_key`; "" of tracks without artist or title.
        group: number of each track's key, shape (n_tracks,).
    """

    groups: dict[str, int]
    group: list[int]

    @classmethod
    def of(cls, asked: pd.DataFrame) -> AskedSongs:
        """Return the songs of tracks, `artist` and `title`."""
        groups: dict[str, int] = {}
        pairs = zip(asked["artist"].tolist(), asked["title"].tolist(), strict=True)
        group = [groups.setdefault(song_key(*pair, "case"), len(groups)) for pair in pairs]
        return cls(groups, group)

    def artists(self, names: pd.Series) -> pd.Series:
        """Return the names, lower case, of the artists that are asked for, of all by their ids."""
        wanted = {key.partition(SEPARATOR)[0] for key in self.groups} - {""}
        lowered = names.map(str.lower)
        return lowered[lowered.isin(wanted)]

    def no_ranks(self) -> np.ndarray:
        """Return the rank of no item for each key, shape (n_keys,)."""
        return np.full(len(self.groups), _NONE)

    def items(self, best: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Return the number of each track's item, -1 for none, shape (n_tracks,).

        Args:
            best: least rank of an item of each key, shape (n_keys,).
            order: numbers of the items by rank, shape (n_items,).
        """
        if "" in self.groups:
            best[self.groups[""]] = _NONE
        found = best[self.group]
        return np.where(found == _NONE, -1, order[np.minimum(found, len(order) - 1)])


def match_items(
    table: tuple[Path, Layout], artists: pd.Series, ids: np.ndarray, order: np.ndarray,
    asked: pd.DataFrame,
) -> MatchedItems:  # fmt: skip
    """Find asked tracks among items by artist and title up to case; the first in `order` is taken.

    The table is read a piece at a time, and of a piece only titles of asked artists are compared.

    Args:
        table: file and layout of the items' names: `track`, `title`, `artist`.
        artists: name of each artist, by id.
        ids: of the items, ascending, shape (n_items,).
        order: numbers of the items, those first that are preferred, shape (n_items,).
        asked: tracks to find, `artist` and `title`.

    Raises:
        DataFormatError: a line that the layout does not allow.

    Source: thesis, chapter 3. Deviation: none; the same keys as `song_key` by `case`.
    """
    songs = AskedSongs.of(asked)
    groups, asked_artists, best = songs.groups, songs.artists(artists), songs.no_ranks()
    rank = renumbered(np.arange(len(ids)), order, len(ids))
    known, named = np.zeros((2, len(ids)), dtype=bool)
    path, layout = table
    for piece in read_pieces(path, layout, PIECE):
        rows = piece.table.to_pandas()
        place = np.searchsorted(ids, rows["track"])
        here = ids[np.minimum(place, len(ids) - 1)] == rows["track"].to_numpy()
        known[place[here]] = True
        artist = rows["artist"]
        named[place[here & (artists.reindex(artist).fillna("") != "").to_numpy()]] = True
        compared = here & artist.isin(asked_artists.index).to_numpy()
        names = asked_artists.reindex(artist[compared]).tolist()
        titles = readable(rows[compared].copy(), layout)["title"].tolist()
        items = rank[place[compared]].tolist()
        for name, title, item in zip(names, titles, items, strict=True):
            number = groups.get(f"{name}{SEPARATOR}{title.lower()}" if title else "", -1)
            if number >= 0:
                best[number] = min(best[number], item)
    return MatchedItems(songs.items(best, order), known, named)
