"""Users, their friendships and their listening, whatever files they come from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.records import Finding


@dataclass(frozen=True)
class SocialData:
    """Who is whose friend and who plays what.

    Attributes:
        users: names, n_users of them, all different.
        pairs: friendships, each once, smaller user first, in row-major order, shape (n_edges, 2).
        plays: play counts, or ones of what is liked, shape (n_users, n_items), float32.
        items: names of artists, genres or other items, n_items of them.
        item_tags: how often each item got a tag, shape (n_items, n_tags); no column without tags.
        tags: names, n_tags of them.
        notes: what was found while reading, counted.
    """

    users: list[str]
    pairs: np.ndarray
    plays: csr_matrix
    items: list[str]
    item_tags: csr_matrix
    tags: list[str]
    notes: Sequence[Finding] = field(default_factory=tuple)

    def fingerprint(self) -> str:
        """Return the sha256 of friendships, plays and tags; of users only their order counts."""
        digest = hashlib.sha256(np.ascontiguousarray(self.pairs, dtype=np.int64).tobytes())
        for matrix in (self.plays, self.item_tags):
            for part in (matrix.indptr, matrix.indices, matrix.data):
                digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
        for names in (self.items, self.tags):
            digest.update("\0".join(names).encode())
        return digest.hexdigest()


def no_tags(n_items: int) -> csr_matrix:
    """Return the tags of items that have none, shape (n_items, 0)."""
    return csr_matrix((n_items, 0), dtype=np.float32)
