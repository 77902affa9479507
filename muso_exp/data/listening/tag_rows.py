"""The task "which tags does an item have?": rows, split and null model."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from muso_exp.data.listening.tables import Interactions

SHARES = (0.8, 0.1)  # of the items, for training and validation; the rest is for the test
PARTS = ("train", "val", "test")
MIN_ITEMS = 5  # that carry a tag, or it is no tag to learn


@dataclass(frozen=True)
class TagRows:
    """Items with tags; a row is an item.

    Attributes:
        items: item numbers, ascending, shape (n_rows,).
        target: 1 where an item has a tag, else 0, shape (n_rows, n_tags), float32.
        names: of the tags, the most frequent first.
        rows: row numbers of train, val and test.
        units: artist of each row, or the item itself where it is one, shape (n_rows, 1).
    """

    items: np.ndarray
    target: np.ndarray
    names: list[str]
    rows: dict[str, np.ndarray]
    units: np.ndarray

    def labels(self, part: str) -> Tensor:
        """Return the target of a part, shape (n_rows of it, n_tags)."""
        return torch.from_numpy(self.target[self.rows[part]])

    def prior(self) -> Tensor:
        """Return the null model: the share of train items of each tag, for every test row."""
        share = torch.from_numpy(self.target[self.rows["train"]].mean(axis=0))
        return share.expand(len(self.rows["test"]), -1)


def tag_rows(data: Interactions, listeners: np.ndarray, n_tags: int, seed: int) -> TagRows | None:
    """Take the most frequent tags and the items that have any of them and any listener.

    The split hangs on the id of an item alone, so that it is the same whatever else is filtered.

    Args:
        data: with tags or without.
        listeners: train users of each item, shape (n_items,).
        n_tags: at most so many tags.
        seed: of the split.

    Returns:
        The rows; None where there are no tags, or too few items for a split.

    Source: thesis section 5.1 (top 50 Last.fm tags; any weight counts). Deviation: its published
    split of the Million Song Dataset is not at hand; 80, 10 and 10 % of the items here.
    """
    if data.tags is None or n_tags < 1:
        return None
    has = (data.tags.weights > 0).astype(np.float32).tocsr()
    has = has.multiply((listeners > 0)[:, None]).tocsr()
    frequency = np.asarray(has.sum(axis=0)).ravel()
    tags = np.argsort(-frequency, kind="stable")[:n_tags]
    tags = tags[frequency[tags] >= MIN_ITEMS]
    target = has[:, tags]
    items = np.flatnonzero(np.diff(target.tocsr().indptr))
    places = np.array([_place(item, seed) for item in data.items["id"].iloc[items]])
    bounds = np.searchsorted(np.cumsum(SHARES), places, side="right")
    rows = {name: np.flatnonzero(bounds == number) for number, name in enumerate(PARTS)}
    if len(tags) == 0 or any(len(part) == 0 for part in rows.values()):
        return None
    names = [data.tags.names[tag] for tag in tags]
    units = data.items["artist" if any(data.items["title"]) else "id"].iloc[items]
    return TagRows(items, target[items].toarray(), names, rows, np.array(units, dtype=str)[:, None])


def _place(item: object, seed: int) -> float:
    """Return a number from 0 to 1 that depends on the item's id and the seed alone."""
    digest = hashlib.blake2b(f"{seed}:{item}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
