"""The items that a run can recommend: looking names up in them, and what their listeners hear."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import item_listeners
from muso_exp.features.matching import (
    METHODS,
    match_songs,
    nearest_names,
    song_key,
    split_artists,
)
from muso_exp.tasks.recommendation.tag_shares import TagShares

EXACT = METHODS[:-1]  # without likeness, which may take one song for another
TEXTS = ["id", "artist", "title", "uri"]  # of items, the last where it is known


@dataclass(frozen=True)
class ItemCatalogue:
    """The items that a run can recommend.

    Attributes:
        items: id, artist, title (empty where items are artists) and maybe uri, a row per item.
        popularity: users or playlists of training with each item, shape (n_items,).
        usual_plays: what a seed without a play count counts as; None where an item is there or
            not, as in a playlist.
        rows: number of each row of training in the data, shape (n_rows,); None of an older run.
        tags: of the items; None without.
    """

    items: pd.DataFrame
    popularity: np.ndarray
    usual_plays: float | None
    rows: np.ndarray | None = None
    tags: TagShares | None = None
    _keys: dict[int, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        items: pd.DataFrame,
        plays: csr_matrix,
        counted: bool,
        rows: np.ndarray | None = None,
        tags: TagShares | None = None,
    ) -> ItemCatalogue:
        """Return the catalogue of the items (columns) of training; `counted`: entries are plays."""
        texts = items[[name for name in TEXTS if name in items]].astype(str)
        usual = float(np.median(plays.data)) if counted else None
        return cls(texts, item_listeners(plays), usual, rows, tags)

    def state(self) -> dict[str, Any]:
        """Return plain values, from which `from_state` makes the catalogue again."""
        return {
            "items": self._texts,
            "popularity": torch.from_numpy(self.popularity),
            "usual_plays": self.usual_plays,
            "rows": None if self.rows is None else torch.from_numpy(self.rows),
            "tags": None if self.tags is None else self.tags.state(),
        }

    @cached_property
    def _texts(self) -> dict[str, str]:
        """Each column as one text, since a checkpoint of each epoch holds them."""
        return {str(name): json.dumps(list(texts)) for name, texts in self.items.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ItemCatalogue:
        """Return the catalogue that `state` was made from, by an older version too."""
        texts = {
            name: json.loads(texts) if isinstance(texts, str) else texts
            for name, texts in state["items"].items()
        }
        items = pd.DataFrame(texts, dtype=str)
        rows, tags = state.get("rows"), state.get("tags")
        return cls(
            *(items, np.asarray(state["popularity"]), state["usual_plays"]),
            *(None if rows is None else np.asarray(rows),),
            *(None if tags is None else TagShares.from_state(tags),),
        )

    def find(self, seeds: pd.DataFrame) -> np.ndarray:
        """Return the item of each seed, by id, else by artist and title, (n_seeds,), -1 for none.

        Names are equal by the exact methods of `muso_exp.features.matching`, never by likeness. Of
        several items of one name the most popular one is meant. Of several artists in a cell
        (`A;B`) that is unknown as a whole the first known one counts.
        """
        found = pd.Index(self.items["id"]).get_indexer_for(seeds["id"]).astype(np.int64)
        left = np.flatnonzero(found < 0)
        if len(left):
            found[left] = self._by_name(seeds.iloc[left])
        left = np.flatnonzero(found < 0)
        parts = seeds["artist"].iloc[left].map(split_artists)
        for turn in range(max(map(len, parts), default=0)):
            has = (found[left] < 0) & (parts.map(len) > turn).to_numpy(dtype=bool)
            if has.any():
                alone = parts[has].map(lambda names, turn=turn: names[turn])
                found[left[has]] = self._by_name(seeds.iloc[left[has]].assign(artist=alone))
        return found

    def _by_name(self, seeds: pd.DataFrame) -> np.ndarray:
        """Return the item of each seed by its name alone, shape (n_seeds,), -1 for none."""
        artists, titles = self._names(seeds)
        songs = pd.MultiIndex.from_arrays([artists, titles])
        place, distinct = pd.factorize(songs)  # a log has few songs, many times
        order = np.argsort(-self.popularity, kind="stable")
        queries = distinct.get_level_values(0).tolist(), distinct.get_level_values(1).tolist()
        matching = match_songs(queries, self._names(self.items.iloc[order]), EXACT)
        return np.where(matching.target < 0, -1, order[matching.target])[place]

    def near(self, seeds: pd.DataFrame) -> list[str]:
        """Return for each seed the nearest name of an item, "" without any."""
        names = [" - ".join(part for part in pair if part) for pair in self._shown(self.items)]
        asked = [" - ".join(part for part in pair if part) for pair in self._shown(seeds)]
        return [next(iter(nearest_names(name, names, 1)), "") for name in asked]

    def _shown(self, rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
        artists, titles = self._names(rows)
        return zip(artists, [""] * len(artists) if self.of_artists else titles, strict=True)

    def _names(self, rows: pd.DataFrame) -> tuple[list[str], list[str]]:
        """Return artists and titles; where items are artists, the name as both."""
        if not self.of_artists:
            return rows["artist"].tolist(), rows["title"].tolist()
        names = rows["artist"].where(rows["artist"] != "", rows["title"]).tolist()
        return names, names

    @property
    def names(self) -> list[str]:
        """Return what each item is called: artist and title, or else its id."""
        rows = self.items[["artist", "title", "id"]].itertuples(index=False)
        return [" - ".join(part for part in row[:2] if part) or row[2] for row in rows]

    @property
    def who(self) -> str:
        """Return what the rows of training are."""
        return "playlists" if self.usual_plays is None else "listeners"

    @property
    def of_artists(self) -> bool:
        """Return whether the items are artists."""
        return not self.items["title"].any()

    def _song_keys(self, items: np.ndarray) -> list[str]:
        """Return what the items (n,) of one song have in common; each is made once."""
        new = np.unique([item for item in items.tolist() if item not in self._keys]).astype(int)
        songs = zip(new.tolist(), *self._names(self.items.iloc[new]), strict=True)
        for item, artist, title in songs:
            self._keys[item] = song_key(artist, title, "versions") or str(item)
        return [self._keys[item] for item in items.tolist()]

    def without(self, items: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return the items (n,) that are not chosen, each song once, whatever ids it has."""
        both = np.concatenate([chosen, items])
        first = np.sort(np.unique(self._song_keys(both), return_index=True)[1])
        return both[first[first >= len(chosen)]]
