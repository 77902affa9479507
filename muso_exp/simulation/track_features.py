"""The feature table of document 4, `track_features.csv.gz`, of the simulated world's tracks."""

from pathlib import Path

import numpy as np

from muso_exp.csv_cells import write_csv
from muso_exp.simulation.playlists import audio_features
from muso_exp.simulation.world import World

COLUMNS = (
    *("danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness"),
    *("instrumentalness", "liveness", "valence", "tempo", "duration_ms", "time_signature"),
)


def write_track_features(
    world: World, folder: Path, n_tracks: int, taste: float, seed: int
) -> None:
    """Write id and 13 features of n_tracks tracks, in random order, without sound.

    Args:
        world: the simulated world.
        folder: where to; it exists.
        n_tracks: rows of the table; at most the tracks of the world.
        taste: see `muso_exp.simulation.playlists.audio_features`.
        seed: of what this function draws.

    Raises:
        ValueError: the world has fewer tracks.
    """
    n_all = world.plays.shape[1]
    if not 0 < n_tracks <= n_all:
        raise ValueError(f"{n_tracks} tracks are asked for, the world has {n_all}")
    rng = np.random.default_rng([seed, 4])
    tracks = rng.choice(n_all, size=n_tracks, replace=False)
    table = audio_features(world.catalogue.track_factors[tracks], taste, rng)[list(COLUMNS)]
    table.insert(0, "id", [f"sim{track:019d}" for track in tracks])
    packed = {"method": "gzip", "mtime": 0}
    write_csv(table, folder / "track_features.csv.gz", compression=packed)
