"""Where new tracks lie on a t-SNE map of the known ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree

from muso_exp.metrics.clustering import evenly_spaced
from muso_exp.tasks.clustering.new_tracks import TracksToCluster
from muso_exp.tasks.clustering.tsne import cached_array, tsne_map

MAPPED = 1000  # known tracks that are drawn, evenly spaced in their file
LEAST = 10  # fewer make no map
NEAREST = 3  # known tracks whose middle is a new track's place


@dataclass(frozen=True)
class SongMap:
    """Known tracks on a map, and new ones among them.

    Attributes:
        points: places of the known tracks, shape (n, 2).
        cluster: of each, shape (n,).
        places: of the new tracks, shape (n_new, 2).
        new_cluster: of each, shape (n_new,).
    """

    points: np.ndarray
    cluster: np.ndarray
    places: np.ndarray
    new_cluster: np.ndarray


def song_map(new: TracksToCluster, model: Any, cache: Path) -> SongMap | None:
    """Return the map of known tracks with the new ones; None of fewer than `LEAST` known ones.

    A new track stands in the middle of the `NEAREST` known ones whose features, each of unit
    variance, are most like its own: the map itself has no place for what it was not made of.

    Args:
        new: tracks and the known ones.
        model: trained clusters.
        cache: folder of prepared files; the map takes seconds, once.
    """
    n_known = len(new.known_x)
    if n_known < LEAST:
        return None
    rows = evenly_spaced(n_known, MAPPED)
    known = new.known_x[rows]
    points = cached_array(cache, "tsne", known, tsne_map)
    k = min(NEAREST, len(known))
    _, near = cKDTree(known / new.spread).query(new.x / new.spread, k=k)
    places = points[near.reshape(len(new.x), k)].mean(axis=1)
    cluster, new_cluster = (
        model.columns({"x": torch.from_numpy(x)})["cluster"].numpy() for x in (known, new.x)
    )
    return SongMap(points, cluster, places, new_cluster)
