"""What a recommender, trained on what others listen to, says about one person's history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.likeness import cosines, pair_cosines, percentiles
from muso_exp.formats.listening.histories import History
from muso_exp.formats.seeds import SeedList, seeds_of
from muso_exp.models.abilities import ComparesListeners, FoldsIn, HasNeighbours, ask
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import KnownItems, NewRow
from muso_exp.tasks.recommendation.tag_shares import TagShares
from muso_exp.tasks.taste.groups import Groups, find_groups

N_NEAR = 3  # of yours that a recommendation is like
N_LISTENERS = 10
N_FAVOURITES = 5  # items that the model ranks first for each of them
N_UNKNOWN = 10  # that are named
_BLOCK = 50  # items whose similarity with all is in memory at once
_SPOTIFY = r"^(?:spotify:track:)?([0-9A-Za-z]{22})$"


@dataclass(frozen=True)
class Catalogue:
    """A finished run of a recommender.

    Attributes:
        name: of the run.
        new_row: of its data set: seeds -> a new row for the model.
        model: trained.
    """

    name: str
    new_row: Callable[[SeedList], NewRow]
    model: Any

    @classmethod
    def of(cls, name: str, data: Any, model: Any) -> Catalogue:
        """Return a run as a catalogue.

        Args:
            name: of the run.
            data: its data set.
            model: trained.

        Raises:
            ConfigError: it recommends nothing to new listeners.
        """
        if not (hasattr(data, "new_row") and isinstance(model, FoldsIn)):
            raise ConfigError(
                f"{name}: {type(model).__name__} on {data.name} recommends nothing to new "
                "listeners; give a run of +experiment=wmf, item_knn, ease or another"
            )
        return cls(name, data.new_row, model)


@dataclass(frozen=True)
class Others:
    """What a catalogue says about a history.

    Attributes:
        name: of the run.
        known: items of the history that the catalogue has, and the others.
        near_unknown: nearest names in the catalogue of the first `N_UNKNOWN` unknown items.
        mine: id, artist, title, plays, listeners of the known items, the most played first.
        recommended: rank, id, artist, title (of songs), score, listeners, support, near (which of
            the known items are like it, with the likeness), uri ("" where not known).
        listeners: listener (its number in the data), cosine, percentile (among the cosines of all
            pairs of listeners), favourites (what the model ranks first for them).
        groups: of the known items; None where they are too few.
        tags: tag, yours, average (shares of plays), the tags that differ most first.
        tag_years: share of each tag, a row per year with times (its index), a column per tag; None
            without times or tags.
        tagged_plays: share of the known plays that have tags.
        missing: why a part is not there, by its name.
    """

    name: str
    known: KnownItems
    near_unknown: list[str]
    mine: pd.DataFrame
    recommended: pd.DataFrame | None = None
    listeners: pd.DataFrame | None = None
    groups: Groups | None = None
    tags: pd.DataFrame | None = None
    tag_years: pd.DataFrame | None = None
    tagged_plays: float = 0.0
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def catalogue(self) -> ItemCatalogue:
        """Return the items of the run."""
        return self.known.catalogue


def ask_others(catalogue: Catalogue, history: History) -> Others:
    """Return what a catalogue says about a history of one person."""
    seeds, seed_rows = seeds_of(history, Path("your history"))
    row, model = catalogue.new_row(seeds), catalogue.model
    known = KnownItems.of(seeds, row.catalogue)
    near = row.catalogue.near(known.unknown.head(N_UNKNOWN))
    mine = _mine(known)
    if len(known.items) == 0:
        nothing = "The catalogue knows nothing of this history."
        return Others(catalogue.name, known, near, mine, missing={"recommended": nothing})
    missing: dict[str, str] = {}
    parts: dict[str, Any] = {}
    try:
        parts["recommended"] = _recommended(row, known, model)
    except ConfigError as error:
        missing["recommended"] = str(error)
    if isinstance(model, ComparesListeners):
        parts["listeners"] = _listeners(row, known, model)
    else:
        missing["listeners"] = f"{type(model).__name__} has no vectors of listeners; wmf has."
    if isinstance(model, HasNeighbours):
        parts["groups"] = find_groups(mine, _similarity(model, mine["item"].to_numpy()), known)
    if row.catalogue.tags is None:
        missing["tags"] = "The catalogue has no tags."
    else:
        parts |= _tags(row.catalogue.tags, known.found[seed_rows], history)
    return Others(catalogue.name, known, near, mine, **parts, missing=missing)


def _mine(known: KnownItems) -> pd.DataFrame:
    catalogue, items = known.catalogue, known.items
    counted = known.seeds.counts[known.found >= 0]
    plays = np.bincount(known.found[known.found >= 0], counted, minlength=len(catalogue.items))
    table = catalogue.items.iloc[items][["id", "artist", "title"]].assign(
        item=items,
        plays=plays[items],
        listeners=catalogue.popularity[items],
        name=np.array(catalogue.names, dtype=object)[items],
    )
    return table.sort_values("plays", ascending=False, kind="stable", ignore_index=True)


def _recommended(row: NewRow, known: KnownItems, model: Any) -> pd.DataFrame:
    order, scores = row.ranked(model, known.items, known.plays)
    table = row.listed(order, scores)
    near = [""] * len(order)
    if isinstance(model, HasNeighbours):
        near = _near(_similarity(model, order, known.items), known)
    items = row.catalogue.items.iloc[order]
    uri = items["id"].str.extract(_SPOTIFY, expand=False)
    if "uri" in items:
        uri = uri.fillna(items["uri"].str.extract(_SPOTIFY, expand=False))
    return table.assign(near=near, uri=("spotify:track:" + uri).fillna("").to_numpy())


def _similarity(model: Any, items: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Return the similarity of items (n,) to others (m,), or to themselves, shape (n, m)."""
    chosen = torch.tensor(items if others is None else others)
    blocks = [
        ask(model.item_block, torch.tensor(items[start : start + _BLOCK]))[:, chosen]
        for start in range(0, len(items), _BLOCK)
    ]
    return torch.cat(blocks).numpy()


def _near(similarity: np.ndarray, known: KnownItems) -> list[str]:
    """Return the known items most like each of some items, by similarity (n, n_known)."""
    names = np.array(known.catalogue.names, dtype=object)[known.items]
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :N_NEAR]
    return [
        ", ".join(f"{names[one]} ({row[one]:.2f})" for one in best if row[one] > 0)
        for row, best in zip(similarity, order, strict=True)
    ]


def _listeners(row: NewRow, known: KnownItems, model: Any) -> pd.DataFrame:
    vectors = ask(model.listener_vectors).numpy()
    new = ask(model.new_vectors, row.batch(known.items, known.plays)).numpy()
    alike = cosines(new, vectors)[0]
    best = np.argsort(-alike, kind="stable")[:N_LISTENERS]
    scores = ask(model.score_block, torch.tensor(best)).numpy()
    first = np.argsort(-scores, axis=1, kind="stable")[:, :N_FAVOURITES]
    names, numbers = row.catalogue.names, row.catalogue.rows
    return pd.DataFrame(
        {
            "listener": best if numbers is None else numbers[best],
            "cosine": alike[best],
            "percentile": percentiles(alike[best], pair_cosines(vectors)),
            "favourites": [", ".join(names[item] for item in items) for items in first],
        }
    )


def _tags(tags: TagShares, item: np.ndarray, history: History) -> dict[str, Any]:
    """Return the shares of tags, yours and the average, and yours by year.

    Args:
        tags: of the catalogue.
        item: of each row of the history, -1 for none, shape (n_rows,).
        history: with the plays and times.
    """
    n_items = len(tags.tagged)
    plays = history.table["n_plays"].fillna(1.0).to_numpy(dtype=np.float64)
    every = _plays_by(np.zeros(len(item), dtype=np.int64), item, plays, (1, n_items))
    yours = tags.shares(every)[0]
    table = pd.DataFrame({"tag": tags.names, "yours": yours, "average": tags.average})
    order = np.argsort(-np.abs(yours - tags.average), kind="stable")
    found: dict[str, Any] = {
        "tags": table.iloc[order].reset_index(drop=True),
        "tagged_plays": float(every[:, tags.tagged].sum() / every.sum()),
    }
    year = history.local_time().dt.year.to_numpy(dtype=np.float64, na_value=np.nan)
    timed = ~np.isnan(year)
    if timed.any():
        years, place = np.unique(year[timed].astype(int), return_inverse=True)
        by_year = _plays_by(place, item[timed], plays[timed], (len(years), n_items))
        found["tag_years"] = pd.DataFrame(tags.shares(by_year), index=years, columns=tags.names)
    return found


def _plays_by(
    row: np.ndarray, item: np.ndarray, plays: np.ndarray, shape: tuple[int, int]
) -> csr_matrix:
    """Return the plays of known items as a matrix; an item of -1 is none."""
    known = item >= 0
    return csr_matrix((plays[known], (row[known], item[known])), shape=shape)
