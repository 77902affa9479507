"""Recommendations for one listener, ranked anew as they ask for more content or more variety."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch.nn.functional import normalize

from muso_exp.errors import ConfigError
from muso_exp.features.diversity import rerank
from muso_exp.features.tag_kinds import tag_kind
from muso_exp.formats.seeds import SeedList
from muso_exp.models.abilities import FoldsIn, HasItemFactors, KeepsPlays, MovesToContent, ask
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import NewRow
from muso_exp.tasks.recommendation.item_genres import LIKELY, ItemGenres

AS_LEARNED = 0.5  # share of content that leaves a hybrid's blend alone
CANDIDATES = 300  # items, the best by score, that a diverse list is taken from
LEAST_SHARE = 0.1  # of an item's tags that a genre has, for the item to stand under it
N_GENRES = 6


@dataclass(frozen=True)
class Reranker:
    """One listener's scores, kept so that another blend or more variety takes no new fit.

    Attributes:
        row: the listener, and the items.
        known: what the listener plays, ascending, shape (n_known,).
        plays: of each, shape (n_known,).
        blend: share of content -> scores of all items (n_items,).
        moves: whether the share of content changes anything.
        units: vectors of the items of length 1, or 0 where nothing is known, (n_items, D); None
            where the run has none.
        alike_by: what `units` compares.
        sure: how sure it is that each item is of a genre; None where the run did not learn it.
    """

    row: NewRow
    known: np.ndarray
    plays: np.ndarray
    blend: Callable[[float], np.ndarray]
    moves: bool
    units: np.ndarray | None
    alike_by: str
    sure: ItemGenres | None = None

    @classmethod
    def of(
        cls,
        row: NewRow,
        model: Any,
        known: np.ndarray,
        plays: np.ndarray,
        sure: ItemGenres | None = None,
    ) -> Reranker:
        """Return the scores of a listener, ready to be ranked.

        Args:
            row: the listener.
            model: trained.
            known: what they play, ascending, shape (n_known,).
            plays: of each, shape (n_known,).
            sure: of the run's data; None without.

        Raises:
            ConfigError: the model cannot score new listeners.
        """
        batch = row.batch(known, plays)
        units, alike_by = item_units(model, row.catalogue)
        facts = (row, known, plays)
        if isinstance(model, MovesToContent):
            parts = ask(model.part_scores, batch)

            def moved(share: float) -> np.ndarray:
                return ask(model.blended, parts, share)[0].numpy()

            return cls(*facts, moved, True, units, alike_by, sure)
        if not isinstance(model, FoldsIn):
            raise ConfigError(f"{type(model).__name__} recommends nothing to new listeners")
        scores = ask(model.score_new, batch)[0].numpy()
        return cls(*facts, lambda share: scores, False, units, alike_by, sure)

    @property
    def catalogue(self) -> ItemCatalogue:
        """Return the items."""
        return self.row.catalogue

    def lists(
        self,
        k: int,
        k_genre: int,
        content_share: float = AS_LEARNED,
        diversity: float = 0.0,
    ) -> dict[str, pd.DataFrame]:
        """Return the items to recommend, best first: of all (`""`), and of each of `genres`.

        What is known is left out, and what has the lowest score of all.

        Args:
            k: how many of all, fewer where there are fewer.
            k_genre: how many of each genre.
            content_share: 0 listening alone, 1 content alone; see `moves`.
            diversity: 0 by the scores alone, 1 by difference alone; without `units` it is 0.

        Returns:
            rank, id, artist, title (of songs), score, listeners, support (`weak` below
            `fold_in.WEAK` of them), like (the nearest of what the listener plays, and how near);
            of a genre also its share of the item's tags, and where the run learned it the
            calibrated confidence that the item is of it.
        """
        scores = self.blend(content_share).astype(np.float64)
        able = scores > scores.min()
        able[self.known] = False
        order = np.lexsort([-self.catalogue.popularity, -scores])
        order = order[able[order]]
        chosen = {"": self._chosen(order, scores, k, diversity)}
        for name, share in self.genres.items():
            of_genre = order[self._belongs(name, share)[order]]
            chosen[name] = self._chosen(of_genre, scores, k_genre, diversity)
        return self._tables(chosen, scores)

    def _tables(self, chosen: dict[str, np.ndarray], scores: np.ndarray) -> dict[str, pd.DataFrame]:
        """Return lists of items as tables, all made at once: that takes most of the time."""
        every = np.concatenate(list(chosen.values()))
        whole = self.row.listed(every, scores).assign(like=self._nearest(every))
        tables, start = {}, 0
        for name, items in chosen.items():
            table = whole[start : start + len(items)]
            table = table.assign(rank=np.arange(1, len(items) + 1))
            tables[name] = table.assign(**self._of_genre(name, items)) if name else table
            start += len(items)
        return tables

    def confidence(self, genre: str) -> np.ndarray | None:
        """Return how sure it is that each item is of a genre, (n_items,); None if not learned."""
        if self.sure is None or genre not in self.sure.names:
            return None
        return self.sure.found.confidence[:, self.sure.names.index(genre)]

    def quality(self, genre: str) -> tuple[float, float] | None:
        """Return AUC and calibration error of a genre's confidence; None if it is not learned."""
        if self.sure is None or genre not in self.sure.names:
            return None
        place = self.sure.names.index(genre)
        return float(self.sure.found.auc[place]), float(self.sure.found.error[place])

    def _belongs(self, genre: str, share: np.ndarray) -> np.ndarray:
        """Return whether items stand under a genre: by their tags, or likely of it, (n_items,)."""
        by_tags, likely = share >= LEAST_SHARE, self.confidence(genre)
        return by_tags if likely is None else by_tags | (likely >= LIKELY)

    def _of_genre(self, genre: str, items: np.ndarray) -> dict[str, np.ndarray]:
        columns = {"share": self.genres[genre][items]}
        likely = self.confidence(genre)
        if likely is None or self.sure is None:
            return columns
        heard = self.sure.heard
        by = {} if heard is None else {"heard": heard[items, self.sure.names.index(genre)]}
        return {**columns, "confidence": likely[items], **by}

    def _chosen(
        self, items: np.ndarray, scores: np.ndarray, k: int, diversity: float
    ) -> np.ndarray:
        """Return k of items (n,), which are given best first, no song twice."""
        items = self.catalogue.without(items[:CANDIDATES], self.known)
        if self.units is not None and diversity > 0:
            return items[rerank(scores[items], self.units[items], k, diversity)]
        return items[:k]

    def _nearest(self, items: np.ndarray) -> list[str]:
        """Return what of the listener's is nearest to items (n,), "" where nothing is known."""
        if self.units is None or len(self.known) == 0:
            return [""] * len(items)
        cosines = self.units[items] @ self.units[self.known].T  # (n, n_known)
        names, best = self._names, cosines.argmax(axis=1)
        return [
            f"{names[self.known[place]]} ({cosine:.2f})" if cosine > 0 else ""
            for place, cosine in zip(best, cosines.max(axis=1), strict=True)
        ]

    @cached_property
    def _names(self) -> list[str]:
        return self.catalogue.names

    @cached_property
    def genres(self) -> dict[str, np.ndarray]:
        """The listener's most heard genres, each with its share of each item's tags, (n_items,)."""
        tags = self.catalogue.tags
        if tags is None:
            return {}
        shape = (1, len(self.catalogue.items))
        row = csr_matrix((self.plays, self.known, [0, len(self.known)]), shape=shape)
        shares = tags.shares(row)[0]
        of_genre = [tag for tag in np.argsort(-shares) if shares[tag] > 0]
        chosen = [tag for tag in of_genre if tag_kind(tags.names[tag]) == "genre"][:N_GENRES]
        columns = tags.weights.tocsc()
        return {tags.names[tag]: columns[:, [tag]].toarray()[:, 0] for tag in chosen}


def listener_seeds(model: Any, catalogue: ItemCatalogue, number: int) -> SeedList:
    """Return what a listener of the run plays, as if they had brought it.

    Args:
        model: trained.
        catalogue: of the run.
        number: of the listener in the data.

    Raises:
        ConfigError: the run keeps no plays, or has no such listener.
    """
    if not isinstance(model, KeepsPlays):
        raise ConfigError(
            f"{type(model).__name__} keeps no plays of its listeners; give a history, or a run of "
            "hybrid, item_knn or ease"
        )
    rows = catalogue.rows
    places = [] if rows is None else np.flatnonzero(rows == number).tolist()
    if not places:
        known = "none is kept" if rows is None else f"they are {rows.min()} to {rows.max()}"
        raise ConfigError(f"no listener {number} in this run; {known}")
    items, plays = (part.numpy() for part in ask(model.plays_of, places[0]))
    texts = catalogue.items.iloc[items][["id", "artist", "title"]].reset_index(drop=True)
    return SeedList(Path(f"listener {number}"), texts, plays.astype(np.float64), None)


def item_units(model: Any, catalogue: ItemCatalogue) -> tuple[np.ndarray | None, str]:
    """Return the vectors that say how alike items are, (n_items, D) or None, and what they are."""
    if isinstance(model, MovesToContent):
        return ask(model.content_vectors).numpy(), "metadata and sound"
    if isinstance(model, HasItemFactors):
        factors = ask(model.factors).items
        return normalize(factors.to(torch.float32), dim=1).numpy(), "who listens to them"
    if catalogue.tags is not None:
        dense = torch.from_numpy(catalogue.tags.weights.toarray()).to(torch.float32)
        return normalize(dense, dim=1).numpy(), "their tags"
    return None, ""
