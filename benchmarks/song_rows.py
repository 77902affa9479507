"""Rows of audio features for the benchmarks of clusters."""

from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.simulation.playlists import audio_features
from muso_exp.simulation.world import simulate_world

FEATURES = [
    *("danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness"),
    *("instrumentalness", "liveness", "valence"),
]


def distinct_rows(table: Path | None, n_rows: int) -> np.ndarray:
    """Return the first n_rows distinct rows (n_rows, 10) of a table, or of simulated tracks."""
    if table is not None:
        features = pd.read_csv(table)[FEATURES]
    else:
        world = simulate_world(n_users=20, n_artists=1500, n_genres=12)
        places = world.catalogue.track_factors[: n_rows + 1000]
        features = audio_features(places, 0.35, np.random.default_rng(0))[FEATURES]
    return features.drop_duplicates().to_numpy(dtype=np.float64)[:n_rows]
