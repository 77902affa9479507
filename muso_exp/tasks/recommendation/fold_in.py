"""Recommending to users and playlists that were not in training."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.seeds import SeedList
from muso_exp.models.abilities import FoldsIn, ask
from muso_exp.records import Batch
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue

log = logging.getLogger(__name__)

N_LISTED = 500  # recommended items, as many as the Million Playlist Dataset Challenge asks for
N_NAMED = 5  # unknown seeds that are named
WEAK = 5  # listeners of training, below which a recommendation has weak support


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
        items, plays = known_items(self.seeds, self.catalogue)
        order, scores = self.ranked(model, items, plays)
        listed = self.listed(order, scores)
        self._log_support(listed)
        return listed

    def ranked(
        self, model: Any, items: np.ndarray, plays: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the items to recommend, best first, and the scores of all items (n_items,).

        Args:
            model: trained.
            items: what is known, ascending, shape (n,).
            plays: of each, shape (n,).

        Raises:
            ConfigError: the model cannot score new rows, or ranks no item above another.
        """
        scores = self.scores(model, items, plays)
        return self.order(scores, items), scores

    def scores(self, model: Any, items: np.ndarray, plays: np.ndarray) -> np.ndarray:
        """Return the scores of all items (n_items,) for known items (n,) and their plays (n,).

        Raises:
            ConfigError: the model cannot score new rows.
        """
        if not isinstance(model, FoldsIn):
            raise ConfigError(
                f"{type(model).__name__} has a place for the users of its training only; for new "
                "ones train wmf, item_knn, ease or another"
            )
        return ask(model.score_new, self.batch(items, plays))[0].numpy()

    def batch(self, items: np.ndarray, plays: np.ndarray) -> Batch:
        """Return items (n,) and plays (n,) as a batch of one row, as of train."""
        return {
            "crow_indices": torch.tensor([0, len(items)]),
            "col_indices": torch.from_numpy(items),
            "values": torch.from_numpy(plays.astype(np.float32)),
            **self.extra,
        }

    def listed(self, order: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
        """Return ranked items (n,) as a table, by the scores of all items; see `apply`."""
        listed = self.catalogue.items.iloc[order].reset_index(drop=True)
        listed = listed[["id", "artist", "title"]]
        if self.catalogue.of_artists:
            listed = listed.drop(columns="title")
        listed.insert(0, "rank", np.arange(1, len(listed) + 1))
        support = self.catalogue.popularity[order]
        return listed.assign(
            score=scores[order],
            **{self.catalogue.who: support},
            support=np.where(support < WEAK, "weak", ""),
        )

    def _log_support(self, listed: pd.DataFrame) -> None:
        """Log how much of a list is weakly supported."""
        weak = listed["support"] == "weak"
        if weak.any():
            some = "no recommendation is well supported: all" if weak.all() else str(weak.sum())
            of = f"items with fewer than {WEAK} {self.catalogue.who}"
            log.info("%s of %s are of %s", some, len(weak), of)

    def order(self, scores: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        """Return the items to recommend, best first, by their scores (n_items,).

        Raises:
            ConfigError: no item stands above another.
        """
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


@dataclass(frozen=True)
class KnownItems:
    """What of some seeds a catalogue has.

    Attributes:
        seeds: that were looked for.
        catalogue: in which.
        found: item of each seed, shape (n_seeds,), -1 for none.
        unknown: id, artist, title, plays of the distinct unknown seeds, the most played first.
    """

    seeds: SeedList
    catalogue: ItemCatalogue
    found: np.ndarray
    unknown: pd.DataFrame

    @classmethod
    def of(cls, seeds: SeedList, catalogue: ItemCatalogue) -> KnownItems:
        """Return what the catalogue has of the seeds."""
        found = catalogue.find(seeds.rows)
        return cls(seeds, catalogue, found, _unknown(seeds, catalogue, found < 0))

    @property
    def items(self) -> np.ndarray:
        """Return the items, ascending, each once, shape (n_items,)."""
        return np.unique(self.found[self.found >= 0])

    @property
    def plays(self) -> np.ndarray:
        """Return what each of `items` counts: `usual_plays` where the seeds are a list."""
        usual, known = self.catalogue.usual_plays, self.found[self.found >= 0]
        items, place = np.unique(known, return_inverse=True)
        if usual is None:
            return np.ones(len(items))
        if self.seeds.plays is None:
            return np.full(len(items), usual)
        return np.bincount(place, self.seeds.counts[self.found >= 0])

    @property
    def of_plays(self) -> tuple[float, float]:
        """Return how many plays are of known items, and how many there are."""
        count = self.seeds.counts
        return float(count[self.found >= 0].sum()), float(count.sum())

    @property
    def of_items(self) -> tuple[int, int]:
        """Return how many distinct items are known, and how many there are."""
        n_known = len(self.items)
        return n_known, n_known + len(self.unknown)


def known_items(seeds: SeedList, catalogue: ItemCatalogue) -> tuple[np.ndarray, np.ndarray]:
    """Return the items that seeds name, ascending, each once, and their plays, summed.

    What is known is logged: plays, and distinct items. An item of a list without plays counts
    `usual_plays` once, however many seeds are of it.

    Raises:
        DataFormatError: no seed is known; the message has the nearest names.
    """
    known = KnownItems.of(seeds, catalogue)
    hint = "; ".join(_named(catalogue, known.unknown))
    if len(known.items) == 0:
        raise DataFormatError(
            seeds.path,
            f"none of the {len(known.unknown)} seeds is among the {len(catalogue.items)} items of "
            f"the run: {hint}",
            fix="give ids of its catalogue, or artist"
            + " and title" * (not catalogue.of_artists)
            + " (a run on the simulated world knows invented names alone)",
        )
    counts = [] if seeds.plays is None else [_share("plays", *known.of_plays)]
    counts += [_share("distinct items", *known.of_items), *([hint] if hint else [])]
    log.info("in the catalogue of %s items: %s", len(catalogue.items), "; ".join(counts))
    return known.items, known.plays


def _share(what: str, known: float, total: float) -> str:
    return f"{known:,.0f} of {total:,.0f} {what} are known ({100 * known / total:.0f} %)"


def _unknown(seeds: SeedList, catalogue: ItemCatalogue, which: np.ndarray) -> pd.DataFrame:
    """Return the distinct unknown seeds as the catalogue has items, the most played first."""
    rows = seeds.rows[which].assign(plays=seeds.counts[which])
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
    lines = [
        f"{n} (nearest: {other})" if other else n for n, other in zip(names, near, strict=True)
    ]
    more = [f"and {len(unknown) - N_NAMED} more"] if len(unknown) > N_NAMED else []
    return [f"unknown: {lines[0]}", *lines[1:], *more] if lines else []
