"""Recommending to users and playlists that were not in training."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.matching import (
    METHODS,
    match_songs,
    nearest_names,
    song_key,
    split_artists,
)
from muso_exp.formats.seeds import SeedList
from muso_exp.models.abilities import FoldsIn, ask

log = logging.getLogger(__name__)

N_LISTED = 500  # recommended items, as many as the Million Playlist Dataset Challenge asks for
N_NAMED = 5  # unknown seeds that are named
WEAK = 5  # listeners of training, below which a recommendation has weak support
EXACT = METHODS[:-1]  # without likeness, which may take one song for another


@dataclass(frozen=True)
class ItemCatalogue:
    """The items that a run can recommend.

    Attributes:
        items: id, artist, title (empty where items are artists), a row per item.
        popularity: users or playlists of training with each item, shape (n_items,).
        usual_plays: what a seed without a play count counts as; None where an item is there or
            not, as in a playlist.
    """

    items: pd.DataFrame
    popularity: np.ndarray
    usual_plays: float | None

    @classmethod
    def of(cls, items: pd.DataFrame, plays: csr_matrix, counted: bool) -> ItemCatalogue:
        """Return the catalogue of the items (columns) of training; `counted`: entries are plays."""
        texts = items[["id", "artist", "title"]].astype(str)
        popularity = np.bincount(plays.indices, minlength=plays.shape[1])
        return cls(texts, popularity, float(np.median(plays.data)) if counted else None)

    def state(self) -> dict[str, Any]:
        """Return plain values, from which `from_state` makes the catalogue again."""
        return {
            "items": self.items.to_dict("list"),
            "popularity": torch.from_numpy(self.popularity),
            "usual_plays": self.usual_plays,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ItemCatalogue:
        """Return the catalogue that `state` was made from."""
        items = pd.DataFrame(state["items"], dtype=str)
        return cls(items, np.asarray(state["popularity"]), state["usual_plays"])

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
    def of_artists(self) -> bool:
        """Return whether the items are artists."""
        return not self.items["title"].any()

    def without(self, items: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return the items (n,) that are not chosen, each song once, whatever ids it has."""
        both = np.concatenate([chosen, items])
        songs = zip(both, *self._names(self.items.iloc[both]), strict=True)
        keys = [song_key(artist, title, "versions") or str(item) for item, artist, title in songs]
        first = np.sort(np.unique(keys, return_index=True)[1])
        return both[first[first >= len(chosen)]]


@dataclass(frozen=True)
class NewRow:
    """A new user or playlist, for a trained recommender.

    Attributes:
        seeds: what the user plays, or what is in the playlist.
        catalogue: of the run.
        extra: what else a batch of the data set holds that a model may read, for one row.
    """

    seeds: SeedList
    catalogue: ItemCatalogue
    extra: Mapping[str, Tensor] = field(default_factory=dict)

    def apply(self, model: Any) -> pd.DataFrame:
        """Rank the items of the catalogue; log how much of the seeds is known.

        The seeds are left out, and so is what has the lowest score of all: the items that the
        model knows nothing of. A song that has several ids counts once, see
        `muso_exp.features.matching.song_key`. Of items that tie the more popular one comes first.

        Returns:
            rank, id, artist, title (where items are songs), score, how many listeners (or
            playlists) of training have the item, and `support`: `weak` below `WEAK` of them; at
            most `N_LISTED` rows.

        Raises:
            DataFormatError: no seed is known.
            ConfigError: the model cannot score new rows, or ranks no item above another.
        """
        if not isinstance(model, FoldsIn):
            raise ConfigError(
                f"{type(model).__name__} has a place for the users of its training only; for new "
                "ones train wmf, item_knn, ease or another"
            )
        items, plays = known_items(self.seeds, self.catalogue)
        batch = {
            "crow_indices": torch.tensor([0, len(items)]),
            "col_indices": torch.from_numpy(items),
            "values": torch.from_numpy(plays.astype(np.float32)),
            **self.extra,
        }
        scores = ask(model.score_new, batch)[0].numpy()
        order = self._order(scores, items)
        listed = self.catalogue.items.iloc[order].reset_index(drop=True)
        if self.catalogue.of_artists:
            listed = listed.drop(columns="title")
        listed.insert(0, "rank", np.arange(1, len(listed) + 1))
        return self._supported(listed.assign(score=scores[order]), order)

    def _supported(self, listed: pd.DataFrame, order: np.ndarray) -> pd.DataFrame:
        """Return the list with its support in training, and log how much of it is weak."""
        who = "playlists" if self.catalogue.usual_plays is None else "listeners"
        support = self.catalogue.popularity[order]
        weak = support < WEAK
        if weak.any():
            some = "no recommendation is well supported: all" if weak.all() else str(weak.sum())
            log.info("%s of %s are of items with fewer than %s %s", some, len(weak), WEAK, who)
        return listed.assign(**{who: support}, support=np.where(weak, "weak", ""))

    def _order(self, scores: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        """Return the items to recommend, best first, by their scores (n_items,)."""
        order = np.lexsort([-self.catalogue.popularity, -scores])
        order = order[(scores > scores.min())[order]][: 2 * N_LISTED]
        order = self.catalogue.without(order, seeds)[:N_LISTED]
        if len(order) == 0:
            hint = "; if it goes by titles, add a column playlist_name" if self.extra else ""
            raise ConfigError(
                f"{self.seeds.path}: the model of this run puts no item above another for these "
                f"seeds{hint}"
            )
        return order


def known_items(seeds: SeedList, catalogue: ItemCatalogue) -> tuple[np.ndarray, np.ndarray]:
    """Return the items that seeds name, ascending, each once, and their plays, summed.

    What is known is logged: plays, and distinct items. An item of a list without plays counts
    `usual_plays` once, however many seeds are of it.

    Raises:
        DataFormatError: no seed is known; the nearest names are told.
    """
    found = catalogue.find(seeds.rows)
    count = np.ones(len(found)) if seeds.plays is None else seeds.plays
    unknown = _unknown(seeds, catalogue, found < 0, count)
    hint = "; ".join(_named(catalogue, unknown))
    of_items = len(pd.unique(found[found >= 0])), len(unknown)
    if of_items[0] == 0:
        raise DataFormatError(
            seeds.path,
            f"none of the {of_items[1]} seeds is among the {len(catalogue.items)} items of the "
            f"run: {hint}",
            fix="give ids of its catalogue, or artist" + " and title" * (not catalogue.of_artists),
        )
    told = [] if seeds.plays is None else [_share("plays", count[found >= 0].sum(), count.sum())]
    told += [_share("distinct items", of_items[0], sum(of_items)), *([hint] if hint else [])]
    log.info("in the catalogue of %s items: %s", len(catalogue.items), "; ".join(told))
    items, place = np.unique(found[found >= 0], return_inverse=True)
    if catalogue.usual_plays is None:
        return items, np.ones(len(items))
    if seeds.plays is None:
        return items, np.full(len(items), catalogue.usual_plays)
    return items, np.bincount(place, count[found >= 0])


def _share(what: str, known: float, total: float) -> str:
    return f"{known:,.0f} of {total:,.0f} {what} are known ({100 * known / total:.0f} %)"


def _unknown(
    seeds: SeedList, catalogue: ItemCatalogue, which: np.ndarray, plays: np.ndarray
) -> pd.DataFrame:
    """Return the distinct unknown seeds as the catalogue has items, the most played first."""
    rows = seeds.rows[which].assign(plays=plays[which])
    if catalogue.of_artists:
        rows["title"] = rows["title"].where(rows["artist"] == "", "")
    named = (rows["artist"] != "") | (rows["title"] != "")
    rows["id"] = rows["id"].where(~named, "")
    summed = rows.groupby(["id", "artist", "title"], sort=False)["plays"].sum().reset_index()
    return summed.sort_values("plays", ascending=False, kind="stable")


def _named(catalogue: ItemCatalogue, unknown: pd.DataFrame) -> list[str]:
    """Return what the first unknown seeds are called, with the nearest name of an item."""
    first = unknown.head(N_NAMED)
    names = [
        " - ".join(part for part in row[:2] if part) or row[2]
        for row in first[["artist", "title", "id"]].itertuples(index=False)
    ]
    near = catalogue.near(first)
    told = [f"{n} (nearest: {other})" if other else n for n, other in zip(names, near, strict=True)]
    more = [f"and {len(unknown) - N_NAMED} more"] if len(unknown) > N_NAMED else []
    return [f"unknown: {told[0]}", *told[1:], *more] if told else []
