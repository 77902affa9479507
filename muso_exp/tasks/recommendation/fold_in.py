"""Recommending to users and playlists that were not in training."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.matching import METHODS, match_songs, song_key
from muso_exp.formats.seeds import SeedList
from muso_exp.models.abilities import FoldsIn, ask

log = logging.getLogger(__name__)

N_LISTED = 500  # recommended items, as many as the Million Playlist Dataset Challenge asks for
N_NAMED = 10  # unknown seeds that are named


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

        Of several items of one name the most popular one is meant.
        """
        found = pd.Index(self.items["id"]).get_indexer_for(seeds["id"]).astype(np.int64)
        left = np.flatnonzero(found < 0)
        if len(left):
            order = np.argsort(-self.popularity, kind="stable")
            matching = match_songs(
                self._names(seeds.iloc[left]), self._names(self.items.iloc[order]), METHODS
            )
            found[left] = np.where(matching.target < 0, -1, order[matching.target])
        return found

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
        """Rank the items of the catalogue; log how many of the seeds are known.

        The seeds are left out, and so is what has the lowest score of all: the items that the
        model knows nothing of. A song that has several ids counts once, see
        `muso_exp.features.matching.song_key`. Of items that tie the more popular one comes first.

        Returns:
            rank, id, artist, title (where items are songs), score; at most `N_LISTED` rows.

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
        return listed.assign(score=scores[order])

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
    """Return the items that seeds name, ascending, each once, and their plays, summed."""
    found = catalogue.find(seeds.rows)
    unknown = seeds.names(found < 0)
    if len(unknown) == len(found):
        raise DataFormatError(
            seeds.path,
            f"none of the {len(found)} seeds is among the {len(catalogue.items)} items of the run",
            value=unknown[0],
            fix="give ids of its catalogue, or artist" + " and title" * (not catalogue.of_artists),
        )
    named = f"; unknown: {'; '.join(unknown[:N_NAMED])}" if unknown else ""
    named += f" and {len(unknown) - N_NAMED} more" if len(unknown) > N_NAMED else ""
    log.info("%s of %s seeds are in the catalogue%s", len(found) - len(unknown), len(found), named)
    items, place = np.unique(found[found >= 0], return_inverse=True)
    if catalogue.usual_plays is None:
        return items, np.ones(len(items))
    plays = np.full(len(found), catalogue.usual_plays) if seeds.plays is None else seeds.plays
    return items, np.bincount(place, plays[found >= 0])
