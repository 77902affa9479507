"""Play counts with what is known of the items without listeners: metadata and sound."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch.utils.data import DataLoader

from muso_exp.data.content.clip_sound import ClipSound
from muso_exp.data.content.item_content import SOUND, ContentOptions, item_content
from muso_exp.data.plays import Plays
from muso_exp.data.recommendation.batches import WholeMatrix
from muso_exp.features.artists import artist_units
from muso_exp.features.item_vectors import ItemVectors
from muso_exp.records import Batch
from muso_exp.tasks.recommendation.split_plays import Split


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
        **plays: see `muso_exp.data.plays.Plays`.

    Attributes:
        item_vectors: of all items; filled by `setup`.
    """

    item_vectors: ItemVectors

    def __init__(
        self, content: ContentOptions, sound: ClipSound | None = None, **plays: Any
    ) -> None:
        super().__init__(**plays)
        self.name = f"content_plays: {self.source}"
        self.content, self.sound = content, sound

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
        heard = np.unique(self.split.train.indices)
        self.item_vectors = item_content(self.data, self.content, self.sound, heard, self.seed)
        self.fingerprint = _joined_hash(self.fingerprint, self.item_vectors.vectors)
        self.dims["n_content"] = self.item_vectors.vectors.shape[1]

    def hold_out(self) -> Split:
        """Return the plays by their use; the tags of what is held out go with it."""
        split = super().hold_out()
        self.data = self.data.tags_of_others(split.val + split.test)
        return split

    def train_dataloader(self) -> DataLoader:
        """Return the whole train matrix and the vectors of all items as one batch."""
        artist = artist_units(self.data.items["artist"].astype(str), self.data.items["id"])
        batch = PlaysWithContent(self.split.train, self.item_vectors, artist)
        return self.loader(batch, shuffle=False)

    def beside(self) -> Path | None:
        """Return the folder of the simulated sound, with the plays of the same world beside it."""
        return None if self.sound is None else self.sound.folder()


class PlaysWithContent(WholeMatrix):
    """The matrix of plays and the vectors of its items as one row."""

    def __init__(self, plays: csr_matrix, content: ItemVectors, artist: np.ndarray) -> None:
        super().__init__(plays)
        self.content = content
        self.artist = np.unique(artist, return_inverse=True)[1]

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
