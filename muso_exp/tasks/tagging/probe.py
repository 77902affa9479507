"""The task "which tags does an item have?": rows, split and null models."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.artists import artist_means
from muso_exp.features.interactions import item_listeners, item_plays
from muso_exp.features.tag_probe import solve_tags
from muso_exp.formats.listening.interactions import Interactions

SHARES = (0.8, 0.1)  # of the items, for training and validation; the rest is for the test
PARTS = ("train", "val", "test")
MIN_ITEMS = 5  # that carry a tag, or it is no tag to learn


@dataclass(frozen=True)
class ChosenItems:
    """Which items a probe is trained and tested on.

    Attributes:
        parts: train, val or test of each listed id; None: by the items' own ids.
        within: ids that the parts of `where` are restricted to; None: all.
        where: `test`, val and test; or `all`.
    """

    parts: Mapping[str, str] | None = None
    within: frozenset[str] | None = None
    where: str = "test"


EVERY_ITEM = ChosenItems()


@dataclass(frozen=True)
class TagRows:
    """Items with tags; a row is an item.

    Attributes:
        items: item numbers, ascending, shape (n_rows,).
        target: 1 where an item has a tag, else 0, shape (n_rows, n_tags), float32.
        names: of the tags, the most frequent first.
        rows: row numbers of train, val and test.
        units: artist of each row, or the item itself where it is one, shape (n_rows, 1).
        popularity: log(1 + listeners) and log(1 + plays), shape (n_rows, 2).
    """

    items: np.ndarray
    target: np.ndarray
    names: list[str]
    rows: dict[str, np.ndarray]
    units: np.ndarray
    popularity: np.ndarray

    def labels(self, part: str) -> Tensor:
        """Return the target of a part, shape (n_rows of it, n_tags)."""
        return torch.from_numpy(self.target[self.rows[part]])

    def test_units(self) -> np.ndarray:
        """Return the units of the test rows, shape (n_test, 1)."""
        return self.units[self.rows["test"]]

    def nulls(self) -> dict[str, dict[str, Tensor]]:
        """Return the null models' scores of the test rows.

        `tag_prior`: the share of train items of each tag, for every row. `popularity`: the tag
        probe on how much an item is played and nothing else. `artist_tags`, where any artist stands
        on both sides: the share of the artist's train items.
        """
        share = torch.from_numpy(self.target[self.rows["train"]].mean(axis=0))
        nulls = {
            "tag_prior": {"scores": share.expand(len(self.rows["test"]), -1)},
            "popularity": {"scores": self.probe(self.popularity)},
        }
        known, asked = (self.units[self.rows[part], 0] for part in ("train", "test"))
        if np.isin(asked, known).any():
            target = self.target[self.rows["train"]]
            nulls["artist_tags"] = {"scores": artist_tags(target, known, asked)}
        return nulls

    def probe(self, x: np.ndarray) -> Tensor:
        """Return the logits (n_test, n_tags) that a probe of x (n_rows, D) learns of train rows."""
        train, test = (self.rows[part] for part in ("train", "test"))
        return probe_scores(x[train], self.target[train], x[test])


def probe_scores(known: np.ndarray, target: np.ndarray, asked: np.ndarray) -> Tensor:
    """Return the logits of tag probes, solved exactly.

    Args:
        known: train vectors, shape (n_train, D).
        target: 1 where a train row has a tag, else 0, shape (n_train, n_tags).
        asked: vectors to score, shape (n_asked, D).

    Returns:
        Shape (n_asked, n_tags), float64.
    """
    weight, bias = solve_tags(known, target)
    return torch.from_numpy(asked @ weight.T + bias)


def artist_tags(target: np.ndarray, known: np.ndarray, asked: np.ndarray) -> Tensor:
    """Return the share of each artist's train rows with each tag, (n_asked, n_tags), float64.

    The share of all train rows counts as one more row of each artist.

    Args:
        target: 1 where a train row has a tag, else 0, shape (n_train, n_tags).
        known: artists of the train rows, shape (n_train,).
        asked: artists of the rows to score, shape (n_asked,).
    """
    return torch.from_numpy(artist_means(target, known, asked, prior_rows=1))


def log_popularity(plays: csr_matrix) -> np.ndarray:
    """Return log(1 + listeners) and log(1 + plays) of each item.

    Args:
        plays: play counts, shape (n_users, n_items), float or int.

    Returns:
        Shape (n_items, 2), float64.
    """
    return np.log1p(np.stack([item_listeners(plays), item_plays(plays)], axis=1))


def tag_rows(
    data: Interactions,
    plays: csr_matrix,
    n_tags: int,
    seed: int,
    chosen: ChosenItems = EVERY_ITEM,
) -> TagRows | None:
    """Take the most frequent tags and the items that have any of them and any listener.

    The split depends on the id of an item alone, so that no filter changes it; or on lists, and an
    item in none of them is left out. An item is listed by its own id, or by that of a track or song
    of the Million Song Dataset that it is; of several tracks the first listed one counts.

    Args:
        data: with tags or without.
        plays: that the factors are learned from, shape (n_users, n_items).
        n_tags: at most so many tags.
        seed: of the split.
        chosen: which items are trained and tested on.

    Returns:
        The rows; None where there are no tags, or too few items for a split.

    Source: thesis section 5.1 (top 50 Last.fm tags; any weight counts; "the validation and test
    sets are further filtered to tracks in the Taste Profile Subset"). Deviation: without lists 80,
    10 and 10 % of the items.
    """
    if data.tags is None or n_tags < 1:
        return None
    has = (data.tags.weights > 0).astype(np.float32).tocsr()
    popularity = log_popularity(plays)
    has = has.multiply((popularity[:, 0] > 0)[:, None]).tocsr()
    frequency = np.asarray(has.sum(axis=0)).ravel()
    tags = np.argsort(-frequency, kind="stable")[:n_tags]
    tags = tags[frequency[tags] >= MIN_ITEMS]
    target = has[:, tags]
    items = np.flatnonzero(np.diff(target.tocsr().indptr))
    rows = _parts(data.items.iloc[items], seed, chosen)
    if len(tags) == 0 or any(len(part) == 0 for part in rows.values()):
        return None
    names = [data.tags.names[tag] for tag in tags]
    units = data.items["artist" if any(data.items["title"]) else "id"].iloc[items]
    artists = np.array(units, dtype=str)[:, None]
    return TagRows(items, target[items].toarray(), names, rows, artists, popularity[items])


def _parts(items: pd.DataFrame, seed: int, chosen: ChosenItems) -> dict[str, np.ndarray]:
    """Return the rows of items that are in each part, ascending."""
    names = [str(item) for item in items["id"]]
    listed = [[name] for name in names]
    if "msd" in items:
        listed = [[name, *msd.split()] for name, msd in zip(names, items["msd"], strict=True)]
    if chosen.parts is None:
        places = [_place(item, seed) for item in items["id"]]
        numbers = np.searchsorted(np.cumsum(SHARES), places, side="right")
        part = np.array(PARTS)[np.minimum(numbers, len(PARTS) - 1)]
    else:
        known = chosen.parts
        part = np.array([next((known[i] for i in ids if i in known), "") for ids in listed])
    inside = np.ones(len(names), dtype=bool)
    if chosen.within is not None:
        inside = np.array([not chosen.within.isdisjoint(ids) for ids in listed], dtype=bool)
    free = ("train",) if chosen.where == "test" else ()
    return {name: np.flatnonzero((part == name) & (inside | (name in free))) for name in PARTS}


def _place(item: object, seed: int) -> float:
    """Return a number from 0 to 1 that depends on the item's id and the seed alone."""
    digest = hashlib.blake2b(f"{seed}:{item}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
