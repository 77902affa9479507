"""A table of tracks with audio features, before any model."""

import numpy as np

from muso_exp.features.artists import artist_units
from muso_exp.records import bad_rows
from muso_exp.tasks.clustering.clustered_tracks import ClusteredTracks
from muso_exp.tasks.overview import (
    Overview,
    columns_section,
    histograms_section,
    sample_section,
    tail_section,
)


def tracks_overview(clustered: ClusteredTracks, counts: dict[str, int], seed: int) -> Overview:
    """Return what a table of tracks holds.

    Args:
        clustered: the tracks that are used.
        counts: of the task.
        seed: of the sample.
    """
    tracks = clustered.tracks
    table = tracks[["id", "artist", "title", *clustered.features]]
    values = {name: table[name].to_numpy(np.float64) for name in clustered.features}
    artists = artist_units(tracks["artist"], tracks["id"])
    sections = [
        histograms_section(values),
        columns_section(table),
        tail_section({"artists": np.unique(artists, return_counts=True)[1]}, "tracks"),
        sample_section(table, seed, "tracks"),
    ]
    return Overview(counts, sections, bad_rows(clustered.left_out))
