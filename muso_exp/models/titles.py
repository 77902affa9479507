"""What is in playlists that are called alike: all that helps where only a title is known."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags
from sklearn.preprocessing import normalize
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.ranking import RankingSolver, read_csr, register_csr
from muso_exp.options import Count, Cutoffs
from muso_exp.records import Batch


class Titles(RankingSolver):
    """Scores a track by the playlists that hold it: the sum of their titles' cosines.

    Titles are vectors of words, weighted by ln(playlists / playlists with the word). A playlist
    without a title, or with words of its own only, scores 0 for all tracks.

    Besides the matrix, the train batch holds the words of the titles: `title_crow` (n_users + 1,),
    `title_col` and `n_words`. Learned state: the titles' vectors, and for each word how strongly it
    speaks for each track, as the parts of CSRs in buffers, and how rare each word is.

    Args:
        n_users: number of playlists, from the data set.
        n_items: number of tracks, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_top: length of the recommended lists, from the data set.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        self.save_hyperparameters(logger=False)
        register_csr(self, "titles", csr_matrix((n_users, 0), dtype=np.float32))
        register_csr(self, "words", csr_matrix((0, n_items), dtype=np.float32))
        self.register_buffer("rarity", torch.zeros(0, dtype=torch.float64))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Weigh the words and sum the playlists of each.

        Raises:
            ConfigError: the data have no titles.
        """
        if "title_crow" not in batch:
            raise ConfigError("this model needs playlists with titles; use another model")
        counts = np.bincount(batch["title_col"].cpu().numpy(), minlength=int(batch["n_words"]))
        rarity = np.log(self.n_users / np.maximum(counts, 1))
        self.register_buffer("rarity", torch.from_numpy(rarity))
        titles = self._vectors(batch)
        known = (self.plays(batch) > 0).astype(np.float32)
        register_csr(self, "titles", titles)
        register_csr(self, "words", csr_matrix(titles.T @ known))

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the summed cosines, shape (B, n_items)."""
        words = read_csr(self, "words", self.n_items)
        titles = read_csr(self, "titles", words.shape[0])[users.cpu().numpy()]
        return torch.from_numpy((titles @ words).toarray()).to(users.device)

    def score_new(self, batch: Batch) -> Tensor:
        """Return the summed cosines of new titles, shape (B, n_items); the tracks are unread."""
        words = read_csr(self, "words", self.n_items)
        return torch.from_numpy((self._vectors(batch) @ words).toarray())

    def _vectors(self, batch: Batch) -> csr_matrix:
        """Return the weighted words of a batch's titles, of length 1, shape (B, n_words)."""
        crow, col = (batch[f"title_{part}"].cpu().numpy() for part in ("crow", "col"))
        rarity = self.get_buffer("rarity").cpu().numpy()
        if len(rarity) == 0:  # no two titles of training share a word
            return csr_matrix((len(crow) - 1, 0), dtype=np.float32)
        ones = np.ones(len(col), dtype=np.float32)
        words = csr_matrix((ones, col, crow), shape=(len(crow) - 1, len(rarity)))
        return csr_matrix(normalize(words @ diags(rarity)), dtype=np.float32)
