"""Who played what how often, with the names and tags of the items; merging and filtering."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.features.artists import artist_units
from muso_exp.features.interactions import (
    BLOCK,
    dense_core,
    item_plays,
    merge_items,
    select_entries,
)
from muso_exp.formats.listening.stored_pairs import StoredPairs
from muso_exp.formats.text import read_text
from muso_exp.opening import is_file
from muso_exp.records import Finding


@dataclass(frozen=True)
class ItemTags:
    """Tags of items.

    Attributes:
        weights: how strongly each tag was given, shape (n_items, n_tags); absent is 0.
        names: of the tags, n_tags of them.
    """

    weights: csr_matrix
    names: list[str]


@dataclass(frozen=True)
class Interactions:
    """Play counts of a source, users and items as row and column numbers.

    Attributes:
        plays: shape (n_users, n_items), whole numbers, indices ascending.
        users: number of each user in the order of the files' ids, shape (n_users,): who somebody is
            whatever else is filtered, without a name.
        items: a row per item: `id` (as in the files), `artist` and `title`; where the items are
            artists, `title` is empty.
        earlier: plays before the cut, same shape; None without time stamps or cut.
        hidden: plays that the publisher hid for the test, same shape; None without.
        tags: of the items; None without.
        taggings: who gave which item which tag, rows of user, item, tag, shape (n, 3), -1 for a
            user who is left out; None where the files do not say who.
        notes: what was found while reading, counted.
        stored: where the plays lie, if `plays` has no more than their sums by item, in its first
            row; else None.
    """

    plays: csr_matrix
    users: np.ndarray
    items: pd.DataFrame
    earlier: csr_matrix | None = None
    hidden: csr_matrix | None = None
    tags: ItemTags | None = None
    taggings: np.ndarray | None = None
    notes: Sequence[Finding] = field(default_factory=tuple)
    stored: StoredPairs | None = None

    @property
    def names(self) -> list[str]:
        """Return what each item is called: `artist - title`, or the artist, or else its id."""
        rows = zip(self.items["id"], self.items["artist"], self.items["title"], strict=True)
        return [" - ".join(part for part in (a, t) if part) or str(i) for i, a, t in rows]

    def tag_counts(self) -> np.ndarray | None:
        """Return the weights of each item's tags, summed, shape (n_items,); None without tags.

        Where the files say who gave them, it is how often the item was tagged.
        """
        return None if self.tags is None else np.asarray(self.tags.weights.sum(axis=1)).ravel()

    def artist_numbers(self) -> np.ndarray:
        """Return a number for each item's artist, shape (n_items,); of artists their own."""
        if not any(self.items["title"]):
            return np.arange(len(self.items))
        units = artist_units(self.items["artist"].astype(str), self.items["id"])
        return np.unique(units, return_inverse=True)[1]

    def fingerprint(self, stored: Iterable[np.ndarray] | None = None) -> str:
        """Return the sha256 of plays, items and tags; of users only their order counts.

        Args:
            stored: numbers of the matrices of plays, in the order of `matrix_numbers`, where they
                are not in memory.
        """
        digest = hashlib.sha256()
        if stored is None:
            stored = chain(*map(matrix_numbers, (self.plays, self.earlier, self.hidden)))
        weights = None if self.tags is None else self.tags.weights
        for block in chain(stored, matrix_numbers(weights)):
            digest.update(np.ascontiguousarray(block, dtype=np.int64).tobytes())
        for column in ("id", "artist", "title"):
            digest.update("\0".join(self.items[column].astype(str)).encode())
        return digest.hexdigest()

    def select(self, users: np.ndarray, items: np.ndarray) -> "Interactions":
        """Return the chosen users and items, in the order given."""
        earlier, hidden = (
            None if matrix is None else select_entries(matrix, users, items)
            for matrix in (self.earlier, self.hidden)
        )
        tags = self.tags
        if tags is not None:
            tags = ItemTags(tags.weights[items], tags.names)
        return replace(
            self,
            taggings=self._selected_taggings(users, items),
            plays=select_entries(self.plays, users, items),
            users=self.users[users],
            items=self.items.iloc[items].reset_index(drop=True),
            earlier=earlier,
            hidden=hidden,
            tags=tags,
        )

    def _selected_taggings(self, users: np.ndarray, items: np.ndarray) -> np.ndarray | None:
        if self.taggings is None:
            return None
        n_users, n_items = self.plays.shape
        user = renumbered(self.taggings[:, 0], users, n_users)
        item = renumbered(self.taggings[:, 1], items, n_items)
        return np.column_stack([user, item, self.taggings[:, 2]])[item >= 0]

    def tags_of_others(self, held: csr_matrix) -> "Interactions":
        """Return the same with tags that no listener whose play is held out gave to that item.

        A tag shows that its giver knows the item: left in, the tags of an item would show who plays
        it, and how many do.

        Args:
            held: plays that are held out, shape (n_users, n_items).
        """
        given, tags = self.taggings, self.tags
        if given is None or tags is None:
            return self
        user, item, tag = given.T
        own = np.asarray(held[np.maximum(user, 0), item]).ravel() > 0
        kept = (user < 0) | ~own
        cells = (np.ones(int(kept.sum())), (item[kept], tag[kept]))
        weights = csr_matrix(cells, shape=tags.weights.shape)
        n_left_out = len(given) - int(kept.sum())
        text = (
            f"{n_left_out} of {len(given)} tags were given to an item by a listener whose play of "
            "it is held out, and are left out: they would hold the answer"
        )
        note = Finding("tags_of_held_out_listeners", n_left_out, text)
        return replace(self, tags=ItemTags(weights, tags.names), notes=[*self.notes, note])


def matrix_numbers(matrix: csr_matrix | None) -> Iterator[np.ndarray]:
    """Yield what a matrix consists of, in blocks: indptr, indices, and data."""
    for part in () if matrix is None else (matrix.indptr, matrix.indices, matrix.data):
        for start in range(0, len(part), BLOCK):
            yield part[start : start + BLOCK]


def renumbered(old: np.ndarray, kept: np.ndarray, size: int) -> np.ndarray:
    """Return the places of old numbers (n,) among the kept ones of `size`, -1 where not kept."""
    place = np.full(size + 1, -1, dtype=np.int64)  # the last for -1
    place[kept] = np.arange(len(kept))
    return place[old]


def group_items(data: Interactions, group: np.ndarray, check: str, what: str) -> Interactions:
    """Merge the items of each group into its most played one; plays and tags are summed.

    Args:
        data: what was read.
        group: number of each item's group, shape (n_items,); every number from 0 up is used.
        check: metric-safe name of the finding that counts the merged items.
        what: why they are the same, for its text.

    Raises:
        ConfigError: the total of plays changed (which would be a fault of this program).
    """
    n_groups = int(group.max()) + 1
    total = item_plays(data.plays)
    best = np.lexsort([-total, group])
    first = best[np.unique(group[best], return_index=True)[1]]  # (n_groups,)
    plays = merge_items(data.plays, group, n_groups)
    if plays.sum() != data.plays.sum():
        raise ConfigError(f"merging changed {data.plays.sum()} plays to {plays.sum()}")
    earlier, hidden = (
        None if matrix is None else merge_items(matrix, group, n_groups)
        for matrix in (data.earlier, data.hidden)
    )
    tags = data.tags
    if tags is not None:
        tags = ItemTags(merge_items(tags.weights.T.tocsr(), group, n_groups).T.tocsr(), tags.names)
    given = data.taggings
    if given is not None:
        given = np.column_stack([given[:, 0], group[given[:, 1]], given[:, 2]])
    lost = len(group) - n_groups
    note = Finding(check, lost, f"{lost} of {len(group)} items merged into others: {what}")
    items = data.items.iloc[first].reset_index(drop=True)
    return replace(
        data,
        plays=plays,
        items=items,
        earlier=earlier,
        hidden=hidden,
        tags=tags,
        taggings=given,
        notes=(*data.notes, note),
    )


def listed_items(data: Interactions, path: Path) -> np.ndarray:
    """Return which items a file lists by id, one a line, shape (n_items,), bool.

    Raises:
        DatasetNotFoundError: the file is missing.
        DataFormatError: none of its lines is the id of an item.
    """
    if not is_file(path):
        raise DatasetNotFoundError(path.parent, [path.name], "set dataset.split.list to a file")
    listed = np.isin(data.items["id"].astype(str), read_text(path).split())
    if not listed.any():
        raise DataFormatError(path, "no line is the id of an item", fix="one id a line is needed")
    return listed


def keep_dense(data: Interactions, min_items: int, min_users: int) -> Interactions:
    """Keep users with enough items and items with enough users (`dense_core`), hidden ones counted.

    Raises:
        ConfigError: no user or no item is left.
    """
    heard = data.plays if data.hidden is None else data.plays + data.hidden
    users, items = dense_core(heard, min_items, min_users)
    refuse_nothing_left(users, items, data.plays.shape, (min_items, min_users))
    return data.select(users, items)


def refuse_nothing_left(
    users: np.ndarray, items: np.ndarray, shape: tuple[int, int], least: tuple[int, int]
) -> None:
    """Refuse a filter that leaves no user or no item.

    Args:
        users: that are left, shape (n,).
        items: that are left, shape (m,).
        shape: numbers of users and items before.
        least: items that a user needs, and users that an item needs.

    Raises:
        ConfigError: nothing is left.
    """
    if len(users) == 0 or len(items) == 0:
        raise ConfigError(
            f"dataset.min_user_items={least[0]}, min_item_users={least[1]}: nothing is left of "
            f"{shape[0]} users and {shape[1]} items; lower them"
        )
