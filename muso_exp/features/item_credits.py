"""What each held-out item adds to a user's ranking measure, for units of items besides users."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from muso_exp.features.ranking_formulas import (
    FORMULAS,
    RankingFormula,
    compiled_loop,
)

Array = np.ndarray
PLACES = ITEMS, ABOVE, TIED = "held_items", "held_above", "held_tied"  # of `padded_places`


class HeldPlaces(NamedTuple):
    """Where the held-out items of users rank, see `muso_exp.features.ranking.Places`.

    Attributes:
        items: number of each held-out item, shape (n_entries,).
        above: candidates above it, shape (n_entries,), ascending within a user.
        tied: candidates that it ties with, itself counted, shape (n_entries,).
        crow: where each user's begin and end, shape (n_users + 1,).
        n_candidates: of each user, shape (n_users,).
    """

    items: Array
    above: Array
    tied: Array
    crow: Array
    n_candidates: Array

    @classmethod
    def of(cls, columns: dict[str, Array], n_candidates: Array) -> HeldPlaces:
        """Return the places that the columns `held_items`, `held_above`, `held_tied` hold."""
        kept = columns[ITEMS] >= 0
        crow = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
        items, above, tied = (columns[name][kept].astype(np.int64) for name in (ITEMS, ABOVE, TIED))
        return cls(items, above, tied, crow, n_candidates.astype(np.int64))


def padded_places(
    items: Array, above: Array, tied: Array, crow: Array, longest: int
) -> dict[str, Array]:
    """Return the places of held-out items as columns (n_users, longest), int32, -1 behind them.

    Args:
        items: number of each held-out item, shape (n_entries,).
        above: candidates above it.
        tied: candidates that it ties with.
        crow: where each user's begin and end, shape (n_users + 1,).
        longest: most held-out items of a user.
    """
    filled = np.arange(longest) < np.diff(crow)[:, None]
    found = {}
    for name, values in ((ITEMS, items), (ABOVE, above), (TIED, tied)):
        found[name] = np.full(filled.shape, -1, dtype=np.int32)
        found[name][filled] = values
    return found


def formula_of(column: str) -> tuple[RankingFormula, int] | None:
    """Return the formula and the cutoff (0 for none) of a ranking column; None of another."""
    name, at, k = column.rpartition("_at_")
    if at and name in FORMULAS and FORMULAS[name].at_cutoffs:
        return FORMULAS[name], int(k)
    return (FORMULAS[column], 0) if column in FORMULAS else None


def item_credits(places: HeldPlaces, formula: RankingFormula, k: int) -> Array:
    """Return what each held-out item adds to the measure of its user, shape (n_entries,).

    Of m held-out items the credit of one is f / m + (m - 1) / m (mean of f without one - f without
    it): the pseudovalue of the jackknife over m, moved so that a user's credits sum to f. Of a mean
    over held-out items (recall) they are its terms. What is left out is no candidate either.

    Source: Efron and Tibshirani 1993, chapter 11. Deviation: the sum is the measure itself, not
    its estimate without bias.
    """
    gains = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(k) + 2))])
    out = np.empty(len(places.items))
    counts = places.above, places.tied, places.crow, places.n_candidates
    compiled_loop(_each_entry)(formula.compiled, *counts, k, gains, out)
    return out


def _each_entry(
    formula: Any,
    above: Array,
    tied: Array,
    crow: Array,
    n_candidates: Array,
    k: int,
    gains: Array,
    out: Array,
) -> None:
    for user in range(len(crow) - 1):
        start, m = crow[user], crow[user + 1] - crow[user]
        own = slice(start, start + m)
        whole = formula(above[own], tied[own], n_candidates[user], k, gains)
        if m == 1:
            out[start] = whole
            continue
        a, t = np.empty(m - 1, np.int64), np.empty(m - 1, np.int64)
        mean = 0.0
        for j in range(start, start + m):
            place = 0
            for i in range(start, start + m):
                if i != j:
                    a[place] = above[i] - (1 if above[i] > above[j] else 0)
                    t[place] = tied[i] - (1 if above[i] == above[j] else 0)
                    place += 1
            out[j] = formula(a, t, n_candidates[user] - 1, k, gains)
            mean += out[j] / m
        for j in range(start, start + m):
            out[j] = whole / m + (m - 1) / m * (mean - out[j])
