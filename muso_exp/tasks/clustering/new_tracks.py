"""New tracks, each put into a cluster, with known tracks that are similar."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from muso_exp.tasks.clustering.similar_tracks import Pool, similar_ids


@dataclass(frozen=True)
class TracksToCluster:
    """Tracks of a new table, and the known tracks that are recommended from.

    Attributes:
        tracks: id, title, artist, a row per new track.
        x: their features as the model gets them, shape (n_tracks, n_features), float32.
        known_ids: of the known tracks, in the order of their file.
        known_x: their features, shape (n_known, n_features), float32.
        spread: standard deviation of each train input, shape (n_features,).
        n_listed: tracks to recommend.
        known_names: of the known tracks, shape (n_known,); None where their table has no names.
    """

    tracks: pd.DataFrame
    x: np.ndarray
    known_ids: np.ndarray
    known_x: np.ndarray
    spread: np.ndarray
    n_listed: int
    known_names: np.ndarray | None = None

    def apply(self, model: Any) -> pd.DataFrame:
        """Return the cluster of each track, and known tracks to recommend.

        Returns:
            id, title, artist, cluster, distance to its centre, and two lists of ids: `recommended`,
            the first known tracks of the cluster, and `nearest`, the known tracks of most similar
            features, each of unit variance; where the known tracks have names, these too, as
            `recommended_songs` and `nearest_songs`. A track is never recommended for itself.
        """
        columns = model.columns({"x": torch.from_numpy(self.x)})
        known = model.columns({"x": torch.from_numpy(self.known_x)})["cluster"].numpy()
        cluster, ids = columns["cluster"].numpy(), self.tracks["id"].to_numpy(dtype=str)
        similar = similar_ids(
            Pool(ids, self.x / self.spread, cluster),
            Pool(self.known_ids, self.known_x / self.spread, known),
            self.n_listed,
            self.known_names,
        )
        distance = columns["squared_distance"].double().sqrt().numpy()
        table = self.tracks[["id", "title", "artist"]]
        return table.assign(cluster=cluster, distance=distance, **similar)
