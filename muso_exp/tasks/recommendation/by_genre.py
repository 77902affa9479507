"""Recommending to somebody new under a genre, with reasons."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.errors import ConfigError
from muso_exp.models.abilities import ExplainsBySeeds, ask
from muso_exp.tasks.recommendation.fold_in import NewRow, known_items
from muso_exp.tasks.recommendation.item_genres import ItemGenres

log = logging.getLogger(__name__)

N_SEEDS = 2  # of the listener's items that a reason names
POPULAR = "popular: nothing that you play is known here"


@dataclass(frozen=True)
class GenreRow:
    """Somebody new, and the genre they ask for.

    Attributes:
        row: what they play.
        genres: of the items; None where the data name none.
        genre: asked for; None: any.
    """

    row: NewRow
    genres: ItemGenres | None
    genre: str | None = None

    def apply(self, model: Any) -> pd.DataFrame:
        """Rank the items of the genre; see `muso_exp.tasks.recommendation.fold_in.NewRow.apply`.

        Where none of what somebody plays is known, the most popular items are listed, and say so.

        Returns:
            rank, id, artist, title (where items are songs), genre and confidence (where the data
            have genres), judged_by (where networks on sound were asked), score, listeners, support,
            reason.

        Raises:
            ConfigError: no genres here, an unknown one, no item of it, or a model that cannot score
                new rows.
        """
        number = None if self.genre is None else self._known().number(self.genre)
        catalogue = self.row.catalogue
        nothing = not (catalogue.find(self.row.seeds.rows) >= 0).any()
        if nothing:
            log.info("none of the seeds is known here: the most popular items are listed")
            items, scores = np.empty(0, np.int64), catalogue.popularity.astype(np.float64)
        else:
            items, plays = known_items(self.row.seeds, catalogue)
            scores = self.row.scores(model, items, plays).astype(np.float64)
        if number is not None:
            scores = np.where(self._known().members(number), scores, scores.min())
        order = self.row.order(scores, items)
        listed = self.row.listed(order, scores)
        if self.genres is not None:
            place = list(listed).index("score")
            of = self.genres.of(order, number)
            for name in ("judged_by", "confidence", "genre"):
                if name in of:
                    listed.insert(place, name, of[name])
        else:
            of = None
        reasons = [POPULAR] * len(order) if nothing else self._reasons(model, items, plays, order)
        called = [""] * len(order) if of is None else [_called(*own) for own in _rows(of)]
        both = zip(called, reasons, strict=True)
        return listed.assign(reason=["; ".join(part for part in own if part) for own in both])

    def _known(self) -> ItemGenres:
        if self.genres is None:
            raise ConfigError(
                f"--genre {self.genre}: the items of this run have no genres or tags; leave "
                "--genre out, or train on data with them"
            )
        return self.genres

    def _reasons(
        self, model: Any, items: np.ndarray, plays: np.ndarray, order: np.ndarray
    ) -> list[str]:
        """Return which of the listener's items speak most for each recommended one (n,)."""
        if not isinstance(model, ExplainsBySeeds):
            return [""] * len(order)
        names = self.row.catalogue.names
        found = ask(model.nearest_seeds, self.row.batch(items, plays), order, N_SEEDS)
        return [
            f"{how} {' and '.join(names[seed] for seed in seeds)}"
            for seeds, how in zip(found.seeds.tolist(), found.how, strict=True)
        ]


def _rows(of: pd.DataFrame) -> list[tuple[str, float, float]]:
    return list(zip(of["genre"], of["called"], of["confidence"], strict=True))


def _called(genre: str, called: float, confidence: float) -> str:
    """Return why an item stands under a genre."""
    if called == 1:
        return f"called {genre}"
    if called:
        return f"called {genre} {called:.0f} times"
    return f"likely {genre} ({confidence:.0%})"
