"""The base of content-based recommenders: they know the audio features of tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.tracks import FEATURES, fit_scaling
from muso_exp.models.ranking import RowRanker, register_csr
from muso_exp.records import Batch

SCALINGS = ("none", "standard")


class FeatureRanker(RowRanker):
    """Keeps the scaled audio features of the tracks and the tracks of each playlist.

    The train batch holds, beside the matrix, `features` (n_items, 13), float32, raw, in the order
    of `muso_exp.features.tracks.FEATURES`, NaN for a track without; and `file_order` (n_items,),
    the row of each track in the feature table, -1 without.

    Args:
        n_users: number of playlists, from the data set.
        n_items: number of tracks, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_top: length of the recommended lists, from the data set.
        features: which audio features to use.
        scaling: `none`, or `standard`: z-scores over the tracks of the table.

    Raises:
        ConfigError: an unknown feature or scaling.
    """

    nonfinite_buffers = ("sound",)  # NaN: a track without features

    sound: Tensor
    order: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Sequence[int],
        n_top: int,
        features: Sequence[str],
        scaling: str,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        unknown = [name for name in features if name not in FEATURES]
        if unknown or not features:
            given = repr(unknown[0]) if unknown else "none"
            raise ConfigError(f"model.features: {given} is given; choose of {', '.join(FEATURES)}")
        if scaling not in SCALINGS:
            raise ConfigError(f"model.scaling must be none or standard, got {scaling!r}")
        self.features = list(features)
        self.scaling = scaling
        self.register_buffer("sound", torch.zeros(n_items, len(self.features)))  # NaN: without
        self.register_buffer("order", torch.full((n_items,), -1))

    def learn_sounds(self, batch: Batch) -> csr_matrix:
        """Keep features and playlists of a train batch and return the playlists as ones.

        Raises:
            ConfigError: the data have no audio features, or no track has all that are asked for.
        """
        if "features" not in batch:
            raise ConfigError("this model needs tracks with audio features; use another model")
        raw = self._raw(batch)
        heard = np.array(np.isfinite(raw).all(axis=1))
        if not heard.any():
            raise ConfigError(
                f"no track has all of {', '.join(self.features)}: put track_features.csv beside "
                "the playlists, or use a model that needs none"
            )
        how = fit_scaling(raw[heard], self.scaling)
        scaled = np.where(heard[:, None], how.apply(np.nan_to_num(raw)), np.nan)
        self.register_buffer("sound", torch.from_numpy(scaled.astype(np.float32)))
        self.register_buffer("order", batch["file_order"].cpu().long())
        ones = (self.plays(batch) > 0).astype(np.float32)
        register_csr(self, "known", ones)
        return ones

    @contextmanager
    def shuffled_feature(self, name: str, seed: int) -> Iterator[None]:
        """Shuffle one audio feature among the tracks that have features, for the time of a block.

        Args:
            name: of `features`.
            seed: of the shuffle.
        """
        kept = self.sound.clone()
        heard = self.has_sound.nonzero()[:, 0]
        order = np.random.default_rng([seed, 11]).permutation(len(heard))
        column = self.features.index(name)
        self.sound[heard, column] = kept[heard[torch.from_numpy(order).to(heard.device)], column]
        try:
            yield
        finally:
            self.sound.copy_(kept)

    def knows_sounds(self, batch: Batch) -> bool:
        """Return whether any track of a train batch has all features that are asked for."""
        return "features" in batch and bool(np.isfinite(self._raw(batch)).all(axis=1).any())

    def _raw(self, batch: Batch) -> np.ndarray:
        """Return the features that are asked for, (n_items, n_features), NaN without."""
        columns = [list(FEATURES).index(name) for name in self.features]
        return batch["features"].cpu().numpy()[:, columns].astype(np.float64)

    def seeds(self, rows: csr_matrix) -> csr_matrix:
        """Return the shares of the tracks with features in rows (B, n_items), sums 1 or 0."""
        heard = diags(self.has_sound.cpu().numpy().astype(np.float32))
        known = csr_matrix((rows > 0) @ heard)
        known.eliminate_zeros()
        counts = np.maximum(np.diff(known.indptr), 1)
        return csr_matrix(diags(1 / counts.astype(np.float32)) @ known)

    @property
    def has_sound(self) -> Tensor:
        """Return which tracks have all features, shape (n_items,), bool."""
        return self.sound.isfinite().all(dim=1)

    def mean_sound(self, seeds: csr_matrix) -> Tensor:
        """Return the mean features of shares of tracks (B, n_items), shape (B, n_features)."""
        return torch.from_numpy(seeds @ self.sound.cpu().nan_to_num().numpy())
