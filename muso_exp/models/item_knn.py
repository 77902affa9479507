"""Item-based nearest neighbours: what is played by the same users as one's own items."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from implicit.nearest_neighbours import tfidf_weight
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.item_neighbours import nearest_cosines
from muso_exp.memory import require_memory
from muso_exp.models.ranking import RowRanker, read_csr, register_csr
from muso_exp.options import Count, Cutoffs
from muso_exp.records import Batch


class ItemKNN(RowRanker):
    """Scores an item by its similarity to a user's items: the sum over those it is a neighbour of.

    Learned state: the similarities (each item's `n_neighbours` most alike, itself left out), as the
    parts of a CSR in buffers, and the plays of each item.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_neighbours: neighbours kept of each item.
        weighting: what a play count becomes: `binary` 1, `log` ln(1 + r), `tfidf` or `bm25`.
        n_top: length of the recommended lists.

    Raises:
        ConfigError: an unknown weighting, or no neighbours.

    Source: Deshpande and Karypis, TOIS 2004; cosine of the weighted columns. Deviation: the
    neighbours' similarities are not normalised.
    """

    item_plays: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_neighbours: Count = 100,
        weighting: Literal["binary", "log", "tfidf", "bm25"] = "log",
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        if weighting not in _WEIGHTINGS:
            known = ", ".join(_WEIGHTINGS)
            raise ConfigError(f"model.weighting must be one of {known}; got {weighting!r}")
        if n_neighbours < 1:
            raise ConfigError(f"model.n_neighbours must be >= 1, got {n_neighbours}")
        require_memory(
            8 * n_items * min(n_neighbours + 1, n_items),
            f"item_knn: {n_neighbours} neighbours of each of {n_items} items",
            "set model.n_neighbours lower, or keep fewer items (dataset.top_items)",
        )
        self.save_hyperparameters(logger=False)
        self.n_neighbours = n_neighbours
        self.weighting = weighting
        register_csr(self, "similarity", csr_matrix((n_items, n_items), dtype=np.float32))
        self.register_buffer("item_plays", torch.zeros(n_items, dtype=torch.float64))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Weigh the plays and keep each item's nearest neighbours."""
        plays = self.plays(batch)
        totals = np.asarray(plays.sum(axis=0, dtype=np.float64)).ravel()
        self.item_plays.copy_(torch.from_numpy(totals))
        register_csr(self, "similarity", nearest_cosines(self.weigh(plays), self.n_neighbours))
        register_csr(self, "known", plays)

    def weigh(self, rows: csr_matrix) -> csr_matrix:
        """Return the weights of rows of plays (B, n_items), float32."""
        weights = _WEIGHTINGS[self.weighting](rows, self.item_plays.cpu().numpy())
        return csr_matrix(weights, dtype=np.float32)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return the summed similarities to the items of rows (B, n_items), same shape."""
        scores = self.weigh(rows) @ read_csr(self, "similarity", self.n_items)
        return torch.from_numpy(scores.toarray())

    def item_block(self, items: Tensor) -> Tensor:
        """Return the similarities, 0 to all but the neighbours, shape (B, n_items)."""
        rows = read_csr(self, "similarity", self.n_items)[items.cpu().numpy()]
        return torch.from_numpy(rows.toarray()).to(items.device)


def bm25_weight(
    plays: csr_matrix, item_plays: np.ndarray, k1: float = 100.0, b: float = 0.8
) -> csr_matrix:
    """Return the BM25 weights of rows of plays, which do not depend on each other.

    Args:
        plays: shape (n_rows, n_items); an item is a document, and a row a term in it.
        item_plays: plays of each item in training, shape (n_items,).
        k1: plays at which the weight bends.
        b: how far an item's plays count as the length of its document, 0 to 1.

    Source: `implicit.nearest_neighbours.bm25_weight`, its constants too. Deviation: lengths are
    given, so that a new row is weighted as those of training.
    """
    length = 1 - b + b * item_plays / item_plays.mean()  # (n_items,)
    counts = np.diff(plays.indptr)
    rarity = np.repeat(np.log(plays.shape[1]) - np.log1p(counts), counts)
    bent = plays.data * (k1 + 1) / (k1 * length[plays.indices] + plays.data)
    return csr_matrix((bent * rarity, plays.indices, plays.indptr), shape=plays.shape)


_WEIGHTINGS = {
    "binary": lambda plays, _: (plays > 0).astype(np.float32),
    "log": lambda plays, _: plays.log1p(),
    "tfidf": lambda plays, _: tfidf_weight(plays.T).T,
    "bm25": bm25_weight,
}
