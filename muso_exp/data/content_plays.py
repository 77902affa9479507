"""Play counts with what is known of the items without listeners: metadata and sound."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch.utils.data import DataLoader

from muso_exp.data.content.clip_sound import ClipSound
from muso_exp.data.content.item_content import ContentOptions, item_content
from muso_exp.data.plays import Plays
from muso_exp.data.recommendation.batches import UserRows, WholeMatrix
from muso_exp.data.recommendation.cold_split import (
    ColdShares,
    ColdSplit,
    artist_numbers,
    split_cold,
)
from muso_exp.errors import ConfigError
from muso_exp.features.item_vectors import SOUND, ItemVectors
from muso_exp.records import Batch
from muso_exp.tasks.recommendation.cold_tests import ColdRows, ColdTest, NewUsersTest
from muso_exp.tasks.recommendation.content_task import ContentTask
from muso_exp.tasks.recommendation.split_plays import HeldOut, Split, SplitPlays
from muso_exp.tasks.tagging.task import TagsOfFactors


class ContentPlays(Plays):
    """Play counts of users, and one vector for each item from metadata and sound.

    The train batch holds the vectors beside the plays: `content_crow` (n_items + 1,), `content_col`
    and `content_values`, the parts of a CSR (n_items, n_content); a row without entries is an item
    of which nothing is known; `content_is_sound` (n_content,), which columns are of sound; and
    `artist` (n_items,), the number of each item's artist. Frequencies of values and scales of sound
    come from the items that any user plays in training. `dims` has `n_content`.

    Args:
        content: which fields, and whether they are shuffled among the items.
        sound: clips of some items; without a root of its own the plays are those beside them.
        cold: items, artists and users that are held out too, each for a further test; None: no.
        **plays: see `muso_exp.data.plays.Plays`.

    Attributes:
        item_vectors: of all items; filled by `setup`.
        cold_split: plays by their use, where `cold` is given; filled by `setup`.
    """

    item_vectors: ItemVectors
    cold_split: ColdSplit

    def __init__(
        self,
        content: ContentOptions,
        sound: ClipSound | None = None,
        cold: ColdShares | None = None,
        **plays: Any,
    ) -> None:
        super().__init__(**plays)
        self.name = f"content_plays: {self.source}"
        self.content, self.sound, self.cold = content, sound, cold
        if cold and self.split_options.by != "holdout":
            raise ConfigError(
                f"dataset.split.by={self.split_options.by}: dataset.cold holds out plays, items, "
                "artists and users at once; set dataset.split.by=holdout, or dataset.cold=null"
            )

    def setup(self, stage: str | None = None) -> None:
        """Read, filter and split the plays, and read what is known of the items, once.

        Raises:
            DatasetNotFoundError: files are missing.
            DataFormatError: a file holds what its format does not allow.
            ConfigError: nothing is left, or no field is known.
        """
        if self.dims:
            return
        super().setup(stage)
        self.fingerprint = _joined_hash(self.fingerprint, self.item_vectors.vectors)
        self.dims["n_content"] = self.item_vectors.vectors.shape[1]

    def hold_out(self) -> Split:
        """Return the plays by their use; the tags of what is held out go with it.

        Raises:
            ConfigError: data without what the split needs, or nothing left to train on or to test.
        """
        if self.cold is None:
            split = super().hold_out()
            self.data = self.data.tags_of_others(split.val + split.test)
            return split
        shares = self.split_options.test_share, self.split_options.val_share
        self.cold_split = split_cold(self.data, self.cold, *shares, self.seed)
        self.data = self.data.tags_of_others(self.cold_split.held_out)
        return self.cold_split.split

    def make_task(self, plays: SplitPlays, queries: list[int], tags: TagsOfFactors) -> ContentTask:
        """Return the task, with what is known of the items, and the further tests."""
        heard = np.unique(self.split.train.indices)
        self.item_vectors = item_content(self.data, self.content, self.sound, heard, self.seed)
        further = [] if self.cold is None else self._cold_tests(plays)
        return ContentTask(plays, self.cutoffs, queries, [tags, *further], self.item_vectors)

    def _cold_tests(self, plays: SplitPlays) -> list[ColdTest]:
        """Return the tests of cold items, cold artists, all items, and cold users."""
        cold, artist = self.cold_split, artist_numbers(self.data)
        train, warm = cold.split.train, cold.split.candidates
        known = csr_matrix(train + cold.split.val)

        def rows(name: str, seen: csr_matrix, asked: csr_matrix, ranked: Any) -> ColdRows:
            held = HeldOut.of(seen, asked, ranked)
            units = self.data.users[held.users][:, None]
            return ColdRows(name, held, units, plays.listeners(), artist, self.cutoffs)

        asked = {
            "cold_items": (cold.items, cold.cold_items),
            "cold_artists": (cold.artists, cold.cold_artists),
            "mixed_items": (cold.of_every_kind.test, None),
        }
        tests = [rows(name, known, *of) for name, of in asked.items()]
        found = [ColdTest(t, known, self.loader(UserRows(t.held), shuffle=False)) for t in tests]
        new = rows("cold_users", cold.brought, cold.asked, warm)
        return [*found, NewUsersTest(new, cold.brought)]

    def train_dataloader(self) -> DataLoader:
        """Return the whole train matrix and the vectors of all items as one batch."""
        batch = PlaysWithContent(self.split.train, self.item_vectors, artist_numbers(self.data))
        return self.loader(batch, shuffle=False)

    def beside(self) -> Path | None:
        """Return the folder of the simulated sound, with the plays of the same world beside it."""
        return None if self.sound is None else self.sound.folder()


class PlaysWithContent(WholeMatrix):
    """The matrix of plays and the vectors of its items as one row."""

    def __init__(self, plays: csr_matrix, content: ItemVectors, artist: np.ndarray) -> None:
        super().__init__(plays)
        self.content = content
        self.artist = artist

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the plays as `WholeMatrix` does, and what is known of the items."""
        vectors = self.content.vectors
        return super().__getitem__(rows) | {
            "content_crow": torch.from_numpy(vectors.indptr.astype(np.int64)),
            "content_col": torch.from_numpy(vectors.indices.astype(np.int64)),
            "content_values": torch.from_numpy(vectors.data.astype(np.float32)),
            "content_is_sound": torch.from_numpy(self.content.fields == SOUND),
            "artist": torch.from_numpy(self.artist.astype(np.int64)),
        }


def _joined_hash(fingerprint: str, vectors: csr_matrix) -> str:
    digest = hashlib.sha256(fingerprint.encode())
    for part in (vectors.indptr, vectors.indices):
        digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
    digest.update(np.ascontiguousarray(vectors.data, dtype=np.float32).tobytes())
    return digest.hexdigest()
