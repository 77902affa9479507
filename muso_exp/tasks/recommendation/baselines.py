"""Null models of ranking: what lists score that are the same for every user, or for an artist."""

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.shared_ranking import rank_by_item
from muso_exp.tasks.recommendation.split_plays import HeldOut
from muso_exp.tasks.recommendation.variants import KnownUsers

UNKNOWN = ""  # artist


def null_columns(
    held: HeldOut, popularity: np.ndarray, cutoffs: list[int], n_top: int = 10
) -> dict[str, dict[str, Tensor]]:
    """Return the ranking columns of every null model.

    Args:
        held: the test rows.
        popularity: train users of each item, shape (n_items,).
        cutoffs: the k of the columns.
        n_top: length of the recommended lists.

    Returns:
        `random`, the exact expectation of a random order; `popularity`, the most popular
        candidates first; and `least_popular`, the least popular ones first, whose share in what is
        held out is the larger, the fewer of their plays happen to be in training. Where some
        candidates have no train user, `unheard_first` too: they first, then the most popular.
    """
    scores = held.of_candidates(popularity.astype(np.float32))
    unheard = scores == 0
    first = np.where(unheard, scores.max(initial=0) + 1, scores)
    mixed = {"unheard_first": first} if unheard.any() and not unheard.all() else {}
    return {
        "random": _columns(held, np.zeros_like(scores), cutoffs, n_top),
        "popularity": _columns(held, scores, cutoffs, n_top),
        "least_popular": _columns(held, -scores, cutoffs, n_top),
        **{name: _columns(held, row, cutoffs, n_top) for name, row in mixed.items()},
    }


def most_tagged_columns(
    held: HeldOut, tagged: np.ndarray | None, cutoffs: list[int], n_top: int = 10
) -> dict[str, dict[str, Tensor]]:
    """Return the columns of the rule "what was tagged most": where items have no listeners.

    People tag what is played: tags give away how popular an item is that training does not know.

    Args:
        held: the test rows.
        tagged: how often each item was tagged by others than those whose plays are held out, shape
            (n_items,); None without tags.
        cutoffs: the k of the columns.
        n_top: length of the recommended lists.

    Returns:
        `most_tagged`; nothing where all candidates have listeners, or are tagged equally often.
    """
    if held.item_units is None or tagged is None:
        return {}
    counts = held.of_candidates(tagged)
    if (counts == counts[0]).all():
        return {}
    return {"most_tagged": _columns(held, counts.astype(np.float32), cutoffs, n_top)}


def same_artist_columns(
    held: HeldOut,
    known: csr_matrix,
    artists: np.ndarray | pd.Series,
    popularity: np.ndarray,
    cutoffs: list[int],
    n_top: int = 10,
) -> dict[str, dict[str, Tensor]]:
    """Return the ranking columns of the rule "more of the artists that are there already".

    The more items of an artist a row has, the higher stand all others of that artist; among
    equals, and behind them, the most popular first.

    Args:
        held: the test rows.
        known: entries of their rows in training, shape (n_rows, n_items).
        artists: of each item, "" where unknown, shape (n_items,).
        popularity: train users of each item, shape (n_items,).
        cutoffs: the k of the columns.
        n_top: length of the recommended lists.

    Returns:
        `same_artist`; nothing where no known entry has an artist whom a candidate has too.
    """
    artist = pd.factorize(artists)[0]
    artist[np.asarray(artists == UNKNOWN)] = -1
    asked = held.of_candidates(artist)
    order = np.argsort(asked, kind="stable")  # the candidates of an artist side by side
    first = np.searchsorted(asked[order], np.arange(artist.max() + 2))
    there = np.unique(artist[known.indices])
    if not np.isin(there[there >= 0], asked).any():
        return {}
    levels, places = np.unique(held.of_candidates(popularity), return_inverse=True)
    level = places.astype(np.float32)

    def raised(row: int) -> tuple[np.ndarray, np.ndarray]:
        entries = artist[known.indices[known.indptr[row] : known.indptr[row + 1]]]
        own, counts = np.unique(entries[entries >= 0], return_counts=True)
        n_items = first[own + 1] - first[own]
        runs = np.repeat(first[own] - np.cumsum(n_items) + n_items, n_items)
        items = order[runs + np.arange(n_items.sum())]
        scores = np.repeat(counts, n_items).astype(np.float32) * len(levels) + level[items]
        ascending = np.argsort(items)
        return items[ascending], scores[ascending]

    ranked = rank_by_item(level, *held.rows(), cutoffs, n_top, held.users, held.longest, raised)
    return {"same_artist": _with_ids(held, ranked)}


def _columns(
    held: HeldOut, scores: np.ndarray, cutoffs: list[int], n_top: int
) -> dict[str, Tensor]:
    """Return the columns of the same scores of candidates (n_candidates,) for every row."""
    ranked = rank_by_item(scores, *held.rows(), cutoffs, n_top, held.users, held.longest)
    return _with_ids(held, ranked)


def _with_ids(held: HeldOut, columns: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Return ranking columns whose lists hold item ids in place of places among the candidates."""
    columns = columns | {"top": held.ids(columns["top"])}
    return {name: torch.from_numpy(column) for name, column in columns.items()}


def artist_plays(users: KnownUsers, artist: np.ndarray) -> dict[str, dict[str, Tensor]]:
    """Return the columns where items of the artists that a user plays most come first.

    Args:
        users: of the test.
        artist: number of each item's artist, from 0, shape (n_items,).

    Returns:
        `artist_plays`: by the sum of log(1 + plays) of the artist's known items; nothing where no
        two items share an artist.
    """
    if len(np.unique(artist)) == len(artist):
        return {}
    ones, items = np.ones(len(artist), dtype=np.float32), np.arange(len(artist))
    of = csr_matrix((ones, (items, artist)), (len(items), int(artist.max()) + 1))
    known = csr_matrix(users.known, dtype=np.float32).log1p()
    blocks = [
        users.places(rows, np.take((known[users.held.users[rows]] @ of).toarray(), artist, axis=1))
        for rows, _ in users.blocks()
    ]
    columns = users.columns(blocks)
    return {"artist_plays": {name: torch.from_numpy(own) for name, own in columns.items()}}
